/** Who encodes and decodes rows: the addon on other threads where it is there, otherwise this thread. */
import { type Addon, loadAddon } from '../../cpu/addon.js';
import { type EncodedRows, encodeRows, type RowsToEncode } from './filter.js';
import { decodeRows, type RowsToDecode } from './unfilter.js';

/** Encodes and decodes rows; a job's memory must not change before its promise settles. */
export interface RowCodec {
  /** A clause for people. */
  readonly detail: string;
  /** @returns the number of the first row whose filter byte is none of 0 to 4, or -1 */
  readonly decode: (job: RowsToDecode) => Promise<number>;
  readonly encode: (job: RowsToEncode) => Promise<EncodedRows>;
  /** The most bytes that compressed rows take; absent where it does not compress. */
  readonly compressedBound?: (byteLength: number) => number;
}

export const plainRowCodec: RowCodec = {
  detail: 'in JavaScript, without the addon',
  decode: async (job) => decodeRows(job),
  encode: async (job) => encodeRows(job),
};

let chosen: RowCodec | undefined;

/** The fastest one there is. */
export function chooseRowCodec(): RowCodec {
  if (chosen !== undefined) return chosen;
  const loaded = loadAddon();
  // An addon of another version may lie in build/.
  chosen = 'addon' in loaded && 'decodeRows' in loaded.addon ? nativeRowCodec(loaded.addon) : plainRowCodec;
  return chosen;
}

function nativeRowCodec(addon: Addon): RowCodec {
  return {
    detail: 'with the addon',
    decode: async (job) => (await addon.decodeRows(job))[0],
    encode: async (job) => {
      const [byteLength, checksum] = await addon.encodeRows(job);
      return { byteLength, checksum };
    },
    compressedBound: addon.compressedBound,
  };
}
