/**
 * What reading and writing PNG files costs, with the addon and without, by effort: node bench/codecs.mjs FILE... after
 * npm run build. Of three interleaved rounds the shortest time; what is written is read back and compared.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { COMPRESSIONS } from '../dist/formats/png/codec.js';
import { decodePng } from '../dist/formats/png/decode.js';
import { encodePng } from '../dist/formats/png/encode.js';
import { chooseRowCodec, plainRowCodec } from '../dist/formats/png/row-codec.js';

const ROUNDS = 3;
const LIMITS = { maxPixels: 2 ** 28 };
const codecs = [...new Set([chooseRowCodec(), plainRowCodec])];

process.stdout.write('| image | rows | effort | ms | bytes |\n|---|---|---|---|---|\n');
for (const path of process.argv.slice(2)) {
  const file = readFileSync(path);
  const image = await decodePng(file, LIMITS);
  const rows = codecs.flatMap((codec) => [
    { codec, effort: 'read', run: async () => (await decodePng(file, LIMITS, codec)) && file },
    ...COMPRESSIONS.map((compression) => ({
      codec,
      effort: compression,
      run: () => encodePng(image, { compression }, codec),
    })),
  ]);
  const timesMs = rows.map(() => Number.POSITIVE_INFINITY);
  const byteLengths = rows.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, { run, effort, codec }] of rows.entries()) {
      const startMs = performance.now();
      const written = await run();
      timesMs[at] = Math.min(timesMs[at], performance.now() - startMs);
      byteLengths[at] = written.length;
      if (Buffer.compare((await decodePng(written, LIMITS)).data, image.data) !== 0) {
        throw new Error(`Expected the same pixels ${codec.detail}, ${effort}, but they differ. Report ${path}.`);
      }
    }
  }
  rows.forEach(({ codec, effort }, at) => {
    process.stdout.write(
      `| ${basename(path)} | ${codec.detail} | ${effort} | ${timesMs[at].toFixed(0)} | ${byteLengths[at]} |\n`,
    );
  });
}
