/** TIFF files made by hand: one uncompressed strip of 8 or 16 bits, little-endian. */

export interface TiffParts {
  readonly samples: readonly number[];
  readonly width: number;
  /** Samples in a pixel. */
  readonly depth: number;
  readonly bits?: 8 | 16;
  /** 0 and 1 greyscale, from white and from black; 2 RGB. */
  readonly photometric?: number;
  /** Further entries: tag and a value of 32 bits. */
  readonly entries?: readonly (readonly [tag: number, value: number])[];
}

const [SHORT, LONG] = [3, 4];
/** One for each sample in a pixel of RGB that is none of the three. */
const EXTRA_SAMPLES = 338;

export function tiffFile({ samples, width, depth, bits = 8, photometric = 2, entries = [] }: TiffParts): Buffer {
  const height = samples.length / depth / width;
  const byteLength = (samples.length * bits) / 8;
  const fields: [tag: number, type: number, count: number, value: number][] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, depth, bits],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, photometric],
    [273, LONG, 1, 0],
    [277, SHORT, 1, depth],
    [278, LONG, 1, height],
    [279, LONG, 1, byteLength],
    ...entries.map(([tag, value]): [number, number, number, number] =>
      tag === EXTRA_SAMPLES ? [tag, SHORT, depth - 3, value] : [tag, LONG, 1, value],
    ),
  ];
  fields.sort(([a], [b]) => a - b);
  const bitsAt = 8 + 2 + 12 * fields.length + 4;
  const samplesAt = bitsAt + 2 * depth;
  const file = Buffer.alloc(samplesAt + byteLength);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(fields.length, 8);
  for (const [index, [tag, type, count, value]] of fields.entries()) {
    const at = 10 + 12 * index;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    if (tag === 273) file.writeUInt32LE(samplesAt, at + 8);
    else if (tag === 258 && depth > 2) file.writeUInt32LE(bitsAt, at + 8);
    else if (tag === 258) for (let c = 0; c < depth; c++) file.writeUInt16LE(bits, at + 8 + 2 * c);
    else file.writeUInt32LE(value, at + 8);
  }
  for (let c = 0; c < depth; c++) file.writeUInt16LE(bits, bitsAt + 2 * c);
  for (const [index, sample] of samples.entries()) {
    if (bits === 8) file[samplesAt + index] = sample;
    else file.writeUInt16LE(sample, samplesAt + 2 * index);
  }
  return file;
}
