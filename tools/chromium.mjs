/**
 * A Chromium for tests and screenshots of the page, without root: on linux-x64 the headless one of the npm package
 * @sparticuz/chromium, unpacked once into the ignored folder .cache/chromium with its libraries, its font and SwiftShader, on
 * which it runs WebGPU; elsewhere the Chrome that is installed.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { place, readPacked, softwareGpuExists, unpackArchive } from './software-gpu.mjs';

const FOLDER = fileURLToPath(new URL('../.cache/chromium', import.meta.url));
const PROGRAM = path.join(FOLDER, 'chromium');

/** What switches WebGPU on where there is no GPU, as in tests. */
export const WEBGPU = '--enable-unsafe-webgpu';

/**
 * Starts it.
 *
 * @param {readonly string[]} [flags]
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function startChromium(flags = [WEBGPU]) {
  if (!softwareGpuExists) return chromium.launch({ channel: 'chrome', args: [...flags] });
  if (!existsSync(PROGRAM)) unpack();
  place(path.join(FOLDER, 'fonts.conf'), Buffer.from(FONTS));
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: path.join(FOLDER, 'lib'),
    FONTCONFIG_FILE: path.join(FOLDER, 'fonts.conf'),
  };
  // Chromium's sandbox does not start for root, and the program is this project's own page.
  return chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', ...flags], env });
}

function unpack() {
  for (const archive of ['al2023.tar.br', 'swiftshader.tar.br', 'fonts.tar.br']) unpackArchive(archive, FOLDER);
  place(PROGRAM, readPacked('chromium.br')); // last: it says that all is there
}

/** The font that comes along, for machines that have none, and those of the machine. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${FOLDER}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${FOLDER}/fonts-cache</cachedir>
</fontconfig>
`;
