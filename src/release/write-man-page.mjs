/** A part of the build, after tsc: the manual page, where package.json says that it is. */
import { readFileSync, writeFileSync } from 'node:fs';
import { manPage } from '../../dist/cli/man-page.js';

const ROOT = new URL('../../', import.meta.url);
const { man } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));

writeFileSync(new URL(man[0], ROOT), manPage());
