import type { Compression, Encode, PackedPicture } from './png-codec.js';

/** How much larger than the smallest file another may be that takes less time. */
const TOLERANCE: Readonly<Record<Compression, number>> = { fast: Number.POSITIVE_INFINITY, balanced: 1.15, small: 1 };

/** The sample is this many bands of rows, evenly spaced. */
const BANDS = 4;
const BAND_PIXELS = 2 ** 12;
/** Filters look at the row above, matching at more of them. */
const LEAST_BAND_ROWS = 4;

/**
 * The first of several settings that is good enough for a picture, told by a sample of its rows: which one is differs by
 * factors between photographs and drawings, and to try each on the whole picture would take their times together.
 */
export function chooseSettings(settings: readonly Encode[], picture: PackedPicture, compression: Compression): Encode {
  if (settings.length === 1) return settings[0];
  const sample = sampleRows(picture);
  const byteLengths = settings.map((encode) => encode(sample).length);
  const enough = Math.min(...byteLengths) * TOLERANCE[compression];
  return settings[byteLengths.findIndex((byteLength) => byteLength <= enough)];
}

/** A picture of some of a picture's rows; a low one is its own sample. */
export function sampleRows(picture: PackedPicture): PackedPicture {
  const { data, width, height, channels } = picture;
  const bandRows = Math.max(LEAST_BAND_ROWS, Math.floor(BAND_PIXELS / width));
  if (height <= BANDS * bandRows) return picture;
  const rowBytes = width * channels;
  const bands = Array.from({ length: BANDS }, (_, band) => {
    const top = Math.floor(((band + 0.5) * height) / BANDS - bandRows / 2);
    return data.subarray(top * rowBytes, (top + bandRows) * rowBytes);
  });
  return { data: Buffer.concat(bands), width, height: BANDS * bandRows, channels };
}
