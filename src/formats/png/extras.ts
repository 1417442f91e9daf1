/** What a PNG file holds besides pixels of 8 bits: what of it can be copied into another file, and what it is called. */

import { readOrientation } from '../exif.js';
import { type Extra, type ExtraId, type MetadataChunk, withoutCopies } from '../extra.js';
import { type ChunkHead, isGreyscale, type PngHeader } from './chunks.js';

/** Chunks that can be copied, since they say something of pixels of any depth and colour type. */
const METADATA: Readonly<Record<string, ExtraId>> = {
  iCCP: 'colour-profile',
  cICP: 'colour-space',
  sRGB: 'srgb',
  gAMA: 'colour-space',
  cHRM: 'colour-space',
  pHYs: 'density',
  tEXt: 'text',
  zTXt: 'text',
  iTXt: 'text',
  eXIf: 'exif',
};

/** Of these any number counts. Of the others the first one does, and, Exif apart, only before the image data. */
const TEXT: readonly string[] = ['tEXt', 'zTXt', 'iTXt'];

const TERMS: Readonly<Partial<Record<ExtraId, string>>> = {
  'colour-profile': 'colour profile',
  'colour-space': 'colour space',
  srgb: 'sRGB tag',
  density: 'density',
  text: 'text',
  exif: 'Exif data',
};

/** Colour chunks that say what a file without any means: gamma 1/2.2; the primaries of sRGB; both, by code. */
const SRGB: Readonly<Record<string, string>> = {
  gAMA: '0000b18f',
  cHRM: '00007a26000080840000fa00000080e8000075300000ea6000003a9800001770',
  cICP: '010d0001',
};

/** The limits of libpng for the number of such chunks, and for the bytes of one; here all of them share these. */
const MOST_COPIES = 1000;
const MOST_COPIED_BYTES = 2 ** 23;

/** A chunk of this type stands before each frame of an animation; the image itself may be one. */
const FRAME = 'fcTL';

/** Chunks whose content is counted or decides pixels elsewhere. */
const NOT_NAMED: readonly string[] = ['fdAT', 'tRNS'];

/** The most types to name, of those that have no meaning here. */
const MOST_NAMES = 8;

/** Gathers the chunks that decide no pixel. */
export class Extras {
  readonly #header: PngHeader;
  readonly #copies: MetadataChunk[] = [];
  #copiedBytes = 0;
  /** What chunks said that cannot be copied. */
  readonly #lost = new Set<ExtraId>();
  readonly #otherTypes = new Set<string>();
  /** The number of frames that an animation declares. */
  #frames: number | undefined;
  #framesBeforeImage = 0;
  #framesAfterImage = 0;

  constructor(header: PngHeader) {
    this.#header = header;
  }

  /** Whether the data of a chunk is of use. */
  wants({ type, byteLength }: ChunkHead): boolean {
    if (type === 'acTL') return byteLength === 8;
    const hasRoom = this.#copies.length < MOST_COPIES && this.#copiedBytes + byteLength <= MOST_COPIED_BYTES;
    return type in METADATA && hasRoom;
  }

  /** @param data absent if it is not wanted, or damaged */
  add(type: string, data: Uint8Array | undefined, isAfterImage: boolean): void {
    if (type in METADATA) {
      if (data !== undefined && this.#canBeCopied(type, isAfterImage)) {
        this.#copies.push({ type, data });
        this.#copiedBytes += data.length;
      } else {
        this.#lost.add(METADATA[type]);
      }
    } else if (type === 'acTL') {
      if (data !== undefined) this.#frames ??= new DataView(data.buffer, data.byteOffset).getUint32(0);
    } else if (type === FRAME) {
      if (isAfterImage) this.#framesAfterImage++;
      else this.#framesBeforeImage++;
    } else if (!NOT_NAMED.includes(type) && this.#otherTypes.size < MOST_NAMES) {
      this.#otherTypes.add(type);
    }
  }

  /** @param tail how many bytes follow the PNG, or nothing */
  list(tail: string): Extra[] {
    const isDeep = this.#header.bitDepth === 16;
    const frames = this.#moreFrames();
    const otherTypes = [...this.#otherTypes].filter((type) => type !== 'tIME');
    return [
      ...(isDeep ? [withoutCopies('16-bit', '16-bit samples')] : []),
      ...this.#metadata(),
      ...(frames > 0
        ? [withoutCopies('animation', `${frames} more frame${frames === 1 ? '' : 's'} of an animation`)]
        : []),
      ...(tail ? [withoutCopies('trailing-bytes', `${tail} after the end of the PNG`)] : []),
      ...(this.#otherTypes.has('tIME') ? [withoutCopies('time', 'time stamp')] : []),
      ...(otherTypes.length > 0 ? [withoutCopies('other', `chunks ${otherTypes.join(', ')}`)] : []),
    ];
  }

  /** A profile of greyscale does not fit the output, which has colours. */
  #canBeCopied(type: string, isAfterImage: boolean): boolean {
    if (TEXT.includes(type)) return true;
    if (type === 'iCCP' && isGreyscale(this.#header)) return false;
    return (!isAfterImage || type === 'eXIf') && !this.#copies.some((copied) => copied.type === type);
  }

  #metadata(): Extra[] {
    const copiesOf = new Map<ExtraId, MetadataChunk[]>();
    for (const chunk of this.#copies) copiesOf.set(idOf(chunk), [...(copiesOf.get(idOf(chunk)) ?? []), chunk]);
    const copied = [...copiesOf].map(([id, copies]): Extra => ({ id, term: TERMS[id]!, copies }));
    const lost = [...this.#lost].map((id) => {
      const isWrongKind = id === 'colour-profile' && isGreyscale(this.#header);
      return withoutCopies(id, isWrongKind ? 'colour profile of greyscale' : TERMS[id]!);
    });
    const exif = this.#copies.find(({ type }) => type === 'eXIf');
    const orientation = exif && readOrientation(exif.data);
    const meant = orientation && ORIENTATIONS[orientation];
    const turned: Extra[] = meant
      ? [{ id: 'orientation', term: `orientation ${orientation} (${meant})`, copies: [exif] }]
      : [];
    return [...copied, ...turned, ...lost];
  }

  /** Frames of an animation besides the image itself. */
  #moreFrames(): number {
    if (this.#frames === undefined) return this.#framesAfterImage;
    const isImageAFrame = this.#framesBeforeImage > 0 || this.#framesAfterImage === 0;
    return this.#frames - (isImageAFrame ? 1 : 0);
  }
}

function idOf({ type, data }: MetadataChunk): ExtraId {
  return type in SRGB && Buffer.from(data).toString('hex') === SRGB[type] ? 'srgb' : METADATA[type];
}

/** How the picture is to be shown, by the values of Exif's orientation; 1 is as it is. */
const ORIENTATIONS: Readonly<Record<number, string>> = {
  2: 'mirrored',
  3: 'turned by 180°',
  4: 'upside down',
  5: 'transposed',
  6: 'turned 90° clockwise',
  7: 'transposed, turned by 180°',
  8: 'turned 90° anticlockwise',
};
