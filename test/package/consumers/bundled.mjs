import { readFileSync } from 'node:fs';
import { transform, transformSync } from 'neighbor-product';

const [width, height] = process.argv.slice(2).map(Number);
const image = { data: readFileSync('input.rgba'), width, height, channels: 4 };
// No `await`: this becomes CommonJS, too.
transform(image).then(({ image: { data }, backend }) => {
  const small = { data: new Uint8Array(36), width: 3, height: 3, channels: 4 };
  const pixels = Buffer.from(data).toString('base64');
  process.stdout.write(JSON.stringify({ pixels, backend, sync: transformSync(small).backend }));
});
