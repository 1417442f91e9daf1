/**
 * What `npm start` runs: the command line with the user's arguments or, without any, on the image that comes with the
 * project. npm runs it in the project's folder; paths start where the user is.
 */
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(process.env.INIT_CWD ?? '.');

if (process.argv.length === 2) {
  const image = fileURLToPath(new URL('../fixtures/watermelon-pizza.png', import.meta.url));
  process.argv.push(relative('.', image), '-o', 'watermelon-pizza-product.png', '--verbose');
}

createRequire(import.meta.url)('../dist/cli/neighbor-product.cjs');
