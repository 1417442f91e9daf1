/**
 * What `npm run check:package` runs: builds package and archive from a copy of the tracked files, and uses them as users
 * would. Takes about ten minutes. Arguments behind `--` go to vitest.
 */
import { setUp } from '../../tools/set-up.mjs';
import { runVitest } from '../run.mjs';

await setUp();
process.exitCode = runVitest('test/package/vitest.config.ts', process.argv.slice(2));
