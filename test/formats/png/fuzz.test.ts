/** Thousands of damaged files, the same in every run: each decodes or is refused, and nothing else happens. */
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { validPngs } from '../../../fixtures/make-png-fixtures.mjs';
import { type Chunk, chunk, chunksIn, png, store } from '../../../fixtures/png/build-png.mjs';
import { NeighborProductError } from '../../../src/errors.js';
import { ByteSource } from '../../../src/files/byte-source.js';
import { decodePngSync } from '../../../src/formats/png/decode.js';
import { PngReader, readWholeImage } from '../../../src/formats/png/read.js';
import type { CheckedImage } from '../../../src/image.js';
import { inputOf, pieceByPiece } from '../readings.js';

const LIMITS = { maxPixels: 2 ** 20 };
const ROUNDS_PER_FILE = 12;
const FILES = [...validPngs().values()];

type Random = (limit: number) => number;
type Damage = (file: Buffer, random: Random) => Buffer;

/** The CRCs of all but the first three are right, or little would get past them. */
const DAMAGES: Record<string, Damage> = {
  'flipped bits': flipBits,
  truncation: (file, random) => file.subarray(0, random(file.length)),
  'a splice of two files': (file, random) => {
    const other = FILES[random(FILES.length)];
    return Buffer.concat([file.subarray(0, random(file.length)), other.subarray(random(other.length))]);
  },
  'flipped bits in a chunk': (file, random) =>
    changeChunk(file, random, ({ type, data }) => [{ type, data: flipBits(data, random) }]),
  'a chunk cut short': (file, random) =>
    changeChunk(file, random, ({ type, data }) => [{ type, data: data.subarray(0, random(data.length + 1)) }]),
  'a chunk left out': (file, random) => changeChunk(file, random, () => []),
  'a chunk of another file before': (file, random) => {
    const others = splitChunks(FILES[random(FILES.length)]);
    return changeChunk(file, random, (own) => [others[random(others.length)], own]);
  },
  'flipped bits in the rows': (file, random) => changeRows(file, (rows) => flipBits(rows, random)),
  'rows cut short': (file, random) => changeRows(file, (rows) => rows.subarray(0, random(rows.length + 1))),
  'rows too many': (file, random) => changeRows(file, (rows) => Buffer.concat([rows, Buffer.alloc(random(2 ** 17))])),
};

describe('a damaged file decodes in every way to the same pixels, or is refused in every way', () => {
  it.each(Object.entries(DAMAGES))('%s', async (_, damage) => {
    const random = seededRandom(20_240_229);
    let refused = 0;
    for (const file of FILES) {
      for (let round = 0; round < ROUNDS_PER_FILE; round++) {
        if (!(await decodesOrIsRefused(damage(file, random), PIECES[round % PIECES.length]))) refused++;
      }
    }
    expect(refused, 'files refused').toBeGreaterThan(0);
  });
});

/** Of the pieces in which a file comes; the last one is longer than any. */
const PIECES = [1, 7, 4096, 2 ** 20];

async function decodesOrIsRefused(file: Buffer, pieceBytes: number): Promise<boolean> {
  const first = await decodeOrRefuse(() => decodePngSync(file, LIMITS));
  // Memory that is handed out again without being cleared holds this then.
  Buffer.allocUnsafeSlow((first?.data.length ?? 0) + 1000).fill(0xa5);
  const again = await decodeOrRefuse(async () => {
    // Byte by byte, a long file would take seconds.
    const pieces = pieceByPiece(file, file.length > 5000 ? Math.max(pieceBytes, 4096) : pieceBytes);
    return readWholeImage(await PngReader.open(new ByteSource(), inputOf(pieces), LIMITS));
  });
  if (first === undefined) expect(again).toBeUndefined();
  else expect(again && Buffer.compare(again.data, first.data)).toBe(0);
  if (first !== undefined) expect(first.data.length).toBe(first.width * first.height * 4);
  return first !== undefined;
}

async function decodeOrRefuse(decode: () => Promise<CheckedImage> | CheckedImage): Promise<CheckedImage | undefined> {
  try {
    return await decode();
  } catch (error) {
    if (!(error instanceof NeighborProductError)) throw error;
    expect(['INVALID_PNG', 'TOO_MANY_PIXELS']).toContain(error.code);
    expect(error.cause, 'a cause would be an error the guard did not foresee').toBeUndefined();
    return undefined;
  }
}

function changeChunk(file: Buffer, random: Random, change: (own: Chunk) => Chunk[]): Buffer {
  const chunks = splitChunks(file);
  const at = random(chunks.length);
  return joinChunks(chunks.flatMap((own, index) => (index === at ? change(own) : [own])));
}

function changeRows(file: Buffer, change: (rows: Buffer) => Buffer): Buffer {
  const chunks = splitChunks(file);
  const first = chunks.findIndex(({ type }) => type === 'IDAT');
  const rows = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const rest = chunks.filter(({ type }) => type !== 'IDAT');
  return joinChunks(rest.toSpliced(first, 0, { type: 'IDAT', data: store(change(rows)) }));
}

/** Without what may follow the end. */
function splitChunks(file: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (const part of chunksIn(file)) {
    chunks.push(part);
    if (part.type === 'IEND') break;
  }
  return chunks;
}

function joinChunks(chunks: readonly Chunk[]): Buffer {
  return png(...chunks.map(({ type, data }) => chunk(type, data)));
}

function flipBits(bytes: Buffer, random: Random): Buffer {
  const flipped = Buffer.from(bytes);
  for (let count = 1 + random(4); count > 0 && bytes.length > 0; count--) {
    flipped[random(bytes.length)] ^= 1 << random(8);
  }
  return flipped;
}

/** A linear congruential generator: whole numbers below a limit, the upper bits of a 32-bit state. */
function seededRandom(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
