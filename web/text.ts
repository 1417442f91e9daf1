/** Numbers as the page writes them. */

const COUNT = new Intl.NumberFormat('en-GB');

export function countText(count: number): string {
  return COUNT.format(count);
}

/** Three digits that count: `0.482`, `3.21`, `164`. */
export function numberText(value: number): string {
  if (value >= 100) return COUNT.format(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

/** `3.21 ms`, `1.60 s` */
export function durationText(elapsedMs: number): string {
  return elapsedMs < 1000 ? `${numberText(elapsedMs)} ms` : `${numberText(elapsedMs / 1000)} s`;
}

/** `950 × 535, 0.51 megapixels` */
export function sizeText({ width, height }: { readonly width: number; readonly height: number }): string {
  const megapixels = (width * height) / 1e6;
  return `${countText(width)} × ${countText(height)}, ${megapixels < 0.01 ? countText(width * height) : numberText(megapixels)} ${megapixels < 0.01 ? 'pixels' : 'megapixels'}`;
}

/** A sentence that begins as one. */
export function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
