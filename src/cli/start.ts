/**
 * What `npm start` runs: the command line with the user's arguments or, without any, on the picture that comes with the
 * project. npm runs it in the project's folder and tells where the user is, which is where paths start.
 */
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(process.env.INIT_CWD ?? '.');

if (process.argv.length === 2) {
  const picture = fileURLToPath(new URL('../../fixtures/watermelon-pizza.png', import.meta.url));
  process.argv.push(relative('.', picture), '-o', 'watermelon-pizza-product.png', '--verbose');
}

createRequire(import.meta.url)('./neighbor-product.cjs');
