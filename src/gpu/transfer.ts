/** Pixels on their way between an image in memory and the device, where each is one u32. */
import { isShared, type Raster } from '../image.js';
import { PIXEL_BYTES, type Rows, type Strip } from './strips.js';

/** Rows are packed in portions that stay in a processor's cache between being written and being taken. */
const PORTION_BYTES = 512 * 1024;

/** Writes the rows that a strip holds to the start of a buffer. The image's memory is free when this returns. */
export function uploadStrip(queue: GPUQueue, buffer: GPUBuffer, image: Raster, { held }: Strip): void {
  const rowBytes = image.width * PIXEL_BYTES;
  let offset = 0;
  for (const rows of held) {
    // Dawn in Node ends the process when writeBuffer is given shared memory (webgpu 0.6.2).
    if (image.rowBytes === rowBytes && image.channels === PIXEL_BYTES && !isShared(image)) {
      writeRows(queue, buffer, offset, image, rows);
    } else {
      packRows(queue, buffer, offset, image, rows);
    }
    offset += (rows.end - rows.first) * rowBytes;
  }
}

/** The memory is already as the device wants it. */
function writeRows(queue: GPUQueue, buffer: GPUBuffer, offset: number, image: Raster, rows: Rows): void {
  const data = image.data as Uint8Array<ArrayBuffer>;
  queue.writeBuffer(buffer, offset, data, rows.first * image.rowBytes, (rows.end - rows.first) * image.rowBytes);
}

function packRows(queue: GPUQueue, buffer: GPUBuffer, offset: number, image: Raster, rows: Rows): void {
  const rowsAtOnce = Math.max(1, Math.floor(PORTION_BYTES / (image.width * PIXEL_BYTES)));
  const portion = new Uint32Array(Math.min(rowsAtOnce, rows.end - rows.first) * image.width);
  for (let row = rows.first; row < rows.end; row += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows.end - row);
    for (let k = 0; k < count; k++) packRow(portion, k * image.width, image, row + k);
    queue.writeBuffer(buffer, offset + (row - rows.first) * image.width * PIXEL_BYTES, portion, 0, count * image.width);
  }
}

function packRow(words: Uint32Array, at: number, { data, width, channels, rowBytes }: Raster, row: number): void {
  let sample = row * rowBytes;
  for (let k = at; k < at + width; k++) {
    const fourth = channels === 4 ? data[sample + 3] << 24 : 0;
    words[k] = data[sample] | (data[sample + 1] << 8) | (data[sample + 2] << 16) | fourth;
    sample += channels;
  }
}

/**
 * Copies the pixels that a strip computed into an image; what lies around them is not touched.
 *
 * @param mapped the strip's computed rows in full width, a u32 a pixel
 */
export function downloadStrip(mapped: ArrayBuffer, image: Raster, { computed, region }: Strip): void {
  const firstByte = region.first.x * PIXEL_BYTES;
  const endByte = region.end.x * PIXEL_BYTES;
  const rowBytes = region.width * PIXEL_BYTES;
  if (image.channels === PIXEL_BYTES && image.rowBytes === rowBytes && endByte - firstByte === rowBytes) {
    image.data.set(new Uint8Array(mapped, 0, (computed.end - computed.first) * rowBytes), computed.first * rowBytes);
    return;
  }
  for (let row = computed.first; row < computed.end; row++) {
    const pixels = new Uint8Array(mapped, (row - computed.first) * rowBytes + firstByte, endByte - firstByte);
    unpackRow(pixels, image, row * image.rowBytes + region.first.x * image.channels);
  }
}

function unpackRow(pixels: Uint8Array, { data, channels }: Raster, at: number): void {
  if (channels === PIXEL_BYTES) {
    data.set(pixels, at);
    return;
  }
  let sample = at;
  for (let k = 0; k < pixels.length; k += PIXEL_BYTES) {
    data[sample] = pixels[k];
    data[sample + 1] = pixels[k + 1];
    data[sample + 2] = pixels[k + 2];
    sample += channels;
  }
}
