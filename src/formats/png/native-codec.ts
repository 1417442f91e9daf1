/** The faster codec, an optional dependency. The only file that loads @napi-rs/image. */
import { requirePart } from '../../package.js';
import { GREYSCALE, PALETTE, type PngHeader } from './chunks.js';
import type { Encode, PackedImage, PngCodec } from './codec.js';

/** The parts that are used. Declared here, because its own types are missing where the package is. */
interface Library {
  readonly Transformer: {
    new (file: Uint8Array): Transformer;
    fromRgbaPixels(samples: Uint8Array, width: number, height: number): Transformer;
  };
  readonly CompressionType: { readonly Fast: number; readonly Default: number };
  readonly FilterType: { readonly NoFilter: number; readonly Sub: number; readonly Paeth: number };
}

interface Transformer {
  rawPixels(): Promise<Buffer>;
  rawPixelsSync(): Buffer;
  png(settings: EncodeSettings): Promise<Buffer>;
  pngSync(settings: EncodeSettings): Buffer;
}

interface EncodeSettings {
  readonly compressionType: number;
  readonly filterType: number;
}

/** Loads the codec, or says why not. */
export function loadNativeCodec(): { codec: PngCodec } | { reason: string } {
  try {
    return { codec: createNativeCodec(requirePart('@napi-rs/image') as Library) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { reason: code === 'MODULE_NOT_FOUND' ? '@napi-rs/image is not installed' : message.split('\n', 1)[0] };
  }
}

/** No settings for `small`: of photographs, the best of them gives 2 to 4 % larger files than run lengths by zlib. */
function createNativeCodec({ Transformer, CompressionType, FilterType }: Library): PngCodec {
  const encoder = (compressionType: number, filterType: number): Encode => {
    const settings = { compressionType, filterType };
    return Object.assign((image: PackedImage) => toTransformer(image).pngSync(settings), {
      offThread: (image: PackedImage) => toTransformer(image).png(settings),
    });
  };
  return {
    name: '@napi-rs/image',
    readSamples: (plainPng, header) => toRgba(new Transformer(plainPng).rawPixelsSync(), header),
    readSamplesOffThread: async (plainPng, header) => toRgba(await new Transformer(plainPng).rawPixels(), header),
    settings: {
      fast: [encoder(CompressionType.Fast, FilterType.Sub)],
      balanced: [
        encoder(CompressionType.Fast, FilterType.Paeth),
        encoder(CompressionType.Fast, FilterType.NoFilter),
        encoder(CompressionType.Default, FilterType.NoFilter),
        encoder(CompressionType.Default, FilterType.Paeth),
      ],
    },
  };

  /** It takes raw pixels as RGBA only, but reads RGB from a portable pixmap: a line of text and the samples. */
  function toTransformer({ data, width, height, channels }: PackedImage): Transformer {
    if (channels === 4) return Transformer.fromRgbaPixels(data, width, height);
    return new Transformer(Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), data]));
  }
}

/** From the layout of the file, 1 to 4 samples a pixel; greyscale of less than 8 bits comes widened to 8. */
function toRgba(raw: Buffer, { width, height, bitDepth, colourType }: PngHeader): Uint8Array | Uint16Array {
  const samples = bitDepth === 16 ? toWords(raw) : raw;
  if (bitDepth < 8 && colourType === GREYSCALE) narrow(samples, bitDepth);
  const samplesPerPixel = samples.length / (width * height);
  if (samplesPerPixel === 4) return samples;
  const rgba = bitDepth === 16 ? new Uint16Array(width * height * 4) : new Uint8Array(width * height * 4);
  const greatest = 2 ** (colourType === PALETTE ? 8 : bitDepth) - 1;
  if (samplesPerPixel === 3) spreadColours(samples, rgba, greatest);
  else spreadGrey(samples, rgba, samplesPerPixel, greatest);
  return rgba;
}

function narrow(samples: Uint8Array | Uint16Array, bitDepth: number): void {
  const step = 255 / (2 ** bitDepth - 1);
  for (let at = 0; at < samples.length; at++) samples[at] /= step;
}

function spreadColours(rgb: Uint8Array | Uint16Array, rgba: Uint8Array | Uint16Array, alpha: number): void {
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from];
    rgba[to + 1] = rgb[from + 1];
    rgba[to + 2] = rgb[from + 2];
    rgba[to + 3] = alpha;
  }
}

/** @param samplesPerPixel 1, or 2 where alpha follows grey */
function spreadGrey(
  grey: Uint8Array | Uint16Array,
  rgba: Uint8Array | Uint16Array,
  samplesPerPixel: number,
  alpha: number,
): void {
  for (let from = 0, to = 0; from < grey.length; from += samplesPerPixel, to += 4) {
    rgba[to] = grey[from];
    rgba[to + 1] = grey[from];
    rgba[to + 2] = grey[from];
    rgba[to + 3] = samplesPerPixel === 2 ? grey[from + 1] : alpha;
  }
}

/** A copy, because the bytes may lie at an odd address. */
function toWords(raw: Buffer): Uint16Array {
  const words = new Uint16Array(raw.length / 2);
  new Uint8Array(words.buffer).set(raw);
  return words;
}
