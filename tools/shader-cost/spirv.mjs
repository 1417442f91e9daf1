/**
 * The SPIR-V of the passes as Dawn gives it to a driver, from Dawn's own print on Mesa's software GPU, lavapipe. Like the
 * drivers for Radeon, Intel's and NVIDIA's GPUs it has robustBufferAccess2, so Dawn leaves the bounds checks of buffers to it.
 * SwiftShader, with which the tests run, lacks it: there Dawn writes a check before each access into the shader.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALPHA_MODES } from '../../dist/options.js';

const PRINT_SPIRV = fileURLToPath(new URL('print-spirv.mjs', import.meta.url));
const ENTRY_POINTS = ['fast_pass', 'exact_pass'];

/**
 * Debian 12's spirv-as is older than these names of SPIR-V; `!` stands before a number in its place. Their numbers are those of
 * the SPIR-V specification, "Execution Mode".
 */
const YOUNGER_NAMES = { MaximallyReconvergesKHR: '!6023' };

/**
 * One pipeline in SPIR-V.
 *
 * @typedef {{ pass: 'fast_pass' | 'exact_pass', alpha: import('../../src/options.js').AlphaMode, file: string }} Module
 */

/**
 * @param {import('./mesa.mjs').Mesa} mesa
 * @param {string} folder where the files go
 * @returns {Module[]} both passes in every alpha mode
 */
export function writeSpirv(mesa, folder) {
  mkdirSync(folder, { recursive: true });
  // One alpha mode is compiled after the other: of a pass, the modules come in that order.
  const texts = textsIn(run(process.execPath, [PRINT_SPIRV], mesa.variables('lvp')));
  return ENTRY_POINTS.flatMap((pass) => {
    const ofPass = texts.filter((text) => text.includes(`OpEntryPoint GLCompute %${pass} `));
    if (ofPass.length !== ALPHA_MODES.length) {
      throw new Error(`Expected ${ALPHA_MODES.length} modules of ${pass} in Dawn's print, but found ${ofPass.length}.`);
    }
    return ofPass.map((text, index) => {
      const alpha = ALPHA_MODES[index];
      const file = join(folder, `${pass}-${alpha}.spv`);
      writeFileSync(`${file}.txt`, text);
      run(mesa.assembler, ['--target-env', 'vulkan1.3', '-o', file, `${file}.txt`], {});
      return { pass, alpha, file };
    });
  });
}

/** @param {string} print all that Dawn printed, WGSL included */
function textsIn(print) {
  const END = 'OpFunctionEnd\n';
  const [, ...parts] = print.split('/* Dumped SPIRV disassembly */');
  return parts.map((part) => {
    const text = part.slice(0, part.lastIndexOf(END) + END.length);
    return Object.entries(YOUNGER_NAMES).reduce((changed, [name, number]) => changed.replaceAll(name, number), text);
  });
}

function run(program, args, variables) {
  const env = { ...process.env, ...variables };
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env, maxBuffer: 2 ** 26 });
  if (error || status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
