/** What came of a file as a record for programs. */
import type { ExtraId } from '../formats/extra.js';
import type { Extra } from '../formats/formats.js';
import type { DoneRecord } from '../records.js';
import type { Done } from './flow.js';

export function doneRecord({ file, width, height, images, result, codecs, verified, ...done }: Done): DoneRecord {
  const { backend, reason, device, shares, exactPixels } = result;
  return {
    input: file.input,
    output: file.output,
    width,
    height,
    images,
    backend,
    reason,
    device,
    shares: shares.map((share) => ({ ...share, elapsedMs: roundToMicroseconds(share.elapsedMs) })),
    decoder: codecs.decoder.name,
    encoder: codecs.encoder.name,
    decodeMs: roundToMicroseconds(done.decodeMs),
    transformMs: roundToMicroseconds(done.transformMs),
    encodeMs: roundToMicroseconds(done.encodeMs),
    elapsedMs: roundToMicroseconds(done.elapsedMs),
    exactPixels,
    verified,
    kept: idsOf(done.kept),
    dropped: idsOf(done.dropped),
  };
}

function idsOf(extras: readonly Extra[]): ExtraId[] {
  return [...new Set(extras.map(({ id }) => id))];
}

/** To the precision of the clock. */
function roundToMicroseconds(elapsedMs: number): number {
  return Math.round(elapsedMs * 1000) / 1000;
}
