/**
 * What `npm run check:package` runs: builds package and archive from a copy of what git knows, and uses them as strangers
 * do. Takes some ten minutes. Words behind `--` go to vitest.
 */
import { setUp } from '../../src/set-up.mjs';
import { runVitest } from '../run-vitest.mjs';

setUp();
process.exitCode = runVitest('test/package/vitest.config.ts', process.argv.slice(2));
