/** Magnified pixels as inline SVG. */
import type { Crop, DifferenceMap } from './evidence.js';

/** Units a pixel is wide in an SVG's own coordinates. */
const PIXEL = 20;

/** Input, both outputs and their difference, the same crop of each; the pixel at x, y of the image is outlined. */
export function cropsHtml(crop: Crop, { x, y }: { readonly x: number; readonly y: number }): string {
  const outline = `<rect class="outline" x="${(x - crop.left) * PIXEL}" y="${(y - crop.top) * PIXEL}" width="${PIXEL}" height="${PIXEL}"/>`;
  const picture = (samples: readonly number[]) =>
    pixelsOf(crop)
      .map((pixel) => colouredRect(crop, samples, pixel))
      .join('');
  const panels = [
    ['input', picture(crop.input)],
    ['expected', picture(crop.expected)],
    ['got', picture(crop.got)],
    [
      'difference',
      pixelsOf(crop)
        .map((pixel) => differenceRect(crop, pixel))
        .join(''),
    ],
  ];
  return panels.map(([caption, content]) => figureHtml(crop, caption, content + outline)).join('\n');
}

/** Where in the whole image pixels differ. */
export function mapHtml(map: DifferenceMap): string {
  const most = Math.max(...map.differingPixels);
  const rects = map.differingPixels.map((count, index) => {
    if (count === 0) return '';
    const place = rectPlace(index % map.columns, Math.trunc(index / map.columns));
    return `<rect class="differing" opacity="${(0.35 + (0.65 * count) / most).toFixed(2)}" ${place}/>`;
  });
  return figureHtml({ width: map.columns, height: map.rows }, 'whole image', rects.join(''));
}

function figureHtml({ width, height }: { width: number; height: number }, caption: string, content: string): string {
  const side = Math.max(width, height) * PIXEL;
  const [left, top] = [(width * PIXEL - side) / 2, (height * PIXEL - side) / 2];
  const frame = `<rect class="frame" width="${width * PIXEL}" height="${height * PIXEL}"/>`;
  return `<figure><svg viewBox="${left} ${top} ${side} ${side}" role="img" aria-label="${caption}" shape-rendering="crispEdges">${frame}${content}</svg><figcaption>${caption}</figcaption></figure>`;
}

function pixelsOf({ width, height }: Crop): number[] {
  return Array.from({ length: width * height }, (_, pixel) => pixel);
}

function rectPlace(column: number, row: number): string {
  return `x="${column * PIXEL}" y="${row * PIXEL}" width="${PIXEL}" height="${PIXEL}"`;
}

/** Colour without its alpha: the samples are what is compared, not what they would look like. */
function colouredRect({ width, channels }: Crop, samples: readonly number[], pixel: number): string {
  const colour = samples.slice(pixel * channels, (pixel + 1) * channels);
  const hex = colour.slice(0, 3).map((sample) => sample.toString(16).padStart(2, '0'));
  const place = rectPlace(pixel % width, Math.trunc(pixel / width));
  return `<rect fill="#${hex.join('')}" ${place}><title>${colour.join(', ')}</title></rect>`;
}

/** The largest difference among a pixel's samples, signed, written into it. */
function differenceRect({ width, channels, expected, got }: Crop, pixel: number): string {
  const differences = Array.from(
    { length: channels },
    (_, c) => got[pixel * channels + c] - expected[pixel * channels + c],
  );
  const largest = differences.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  if (largest === 0) return '';
  const [column, row] = [pixel % width, Math.trunc(pixel / width)];
  const text = `${largest > 0 ? '+' : '−'}${Math.abs(largest)}`;
  return `<rect class="differing" ${rectPlace(column, row)}/><text x="${(column + 0.5) * PIXEL}" y="${(row + 0.5) * PIXEL}">${text}</text>`;
}
