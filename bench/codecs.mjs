/**
 * What reading and writing PNG files costs, by codec and effort: node bench/codecs.mjs FILE... after npm run build.
 * Of three interleaved rounds the shortest time; what is written is read back and compared.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { COMPRESSIONS } from '../dist/formats/png/codec.js';
import { decodePng } from '../dist/formats/png/decode.js';
import { encodePng } from '../dist/formats/png/encode.js';
import { loadNativeCodec } from '../dist/formats/png/native-codec.js';
import { pngjsCodec } from '../dist/formats/png/pngjs-codec.js';

const ROUNDS = 3;
const LIMITS = { maxPixels: 2 ** 28 };

const native = loadNativeCodec();
if ('reason' in native) process.stderr.write(`${native.reason}: pngjs alone is measured\n`);
const codecs = 'codec' in native ? [pngjsCodec, native.codec] : [pngjsCodec];

process.stdout.write('| image | codec | effort | ms | bytes |\n|---|---|---|---|---|\n');
for (const path of process.argv.slice(2)) {
  const file = readFileSync(path);
  const image = decodePng(file, LIMITS);
  const rows = codecs.flatMap((codec) => [
    { codec, effort: 'read', run: () => decodePng(file, LIMITS, codec) && file },
    ...COMPRESSIONS.filter((compression) => codec.settings[compression]).map((compression) => ({
      codec,
      effort: compression,
      run: () => encodePng(image, { compression }, codec),
    })),
  ]);
  const timesMs = rows.map(() => Number.POSITIVE_INFINITY);
  const byteLengths = rows.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    rows.forEach(({ run, effort, codec }, at) => {
      const startMs = performance.now();
      const written = run();
      timesMs[at] = Math.min(timesMs[at], performance.now() - startMs);
      byteLengths[at] = written.length;
      if (Buffer.compare(decodePng(written, LIMITS).data, image.data) !== 0) {
        throw new Error(`Expected the same pixels from ${codec.name}, ${effort}, but they differ. Report ${path}.`);
      }
    });
  }
  rows.forEach(({ codec, effort }, at) => {
    process.stdout.write(
      `| ${basename(path)} | ${codec.name} | ${effort} | ${timesMs[at].toFixed(0)} | ${byteLengths[at]} |\n`,
    );
  });
}
