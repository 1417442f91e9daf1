import { fileURLToPath } from 'node:url';

const PACKAGE_FOLDER = fileURLToPath(new URL('../..', import.meta.url));

/** What to do where no addon loads, in one sentence; right in a checkout and in an installed package. */
export const BUILD_ADVICE =
  `Build the CPU addon with npm run build:addon --prefix "${PACKAGE_FOLDER}"; ` +
  'that takes a C++ compiler, make and Python (Debian: apt-get install g++ make python3).';
