/** The `devices` command, rendered: what there is, what auto takes, what is missing. */
import { BUILD_ADVICE } from '../cpu/build-advice.js';
import type { Devices } from '../devices.js';
import { adapterText } from '../gpu/adapters.js';

/** Lines of text, ended by a line break. */
export function devicesText(devices: Devices): string {
  const { gpu, cpu, auto } = devices;
  const lines = [
    ...gpuLines(gpu),
    'reason' in cpu ? `cpu        none: ${cpu.reason}` : `cpu        ${cpuText(cpu)}`,
    'reference  binary64 TypeScript, always there, slow',
    '',
    `auto       takes ${auto.backend}: ${auto.reason}`,
    ...gpu.advice.map((sentence) => `for a GPU  ${sentence}`),
    ...('reason' in cpu ? [`for cpu    ${BUILD_ADVICE}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function gpuLines({ adapters, failure }: Devices['gpu']): string[] {
  if (failure !== undefined) return [`gpu        none: WebGPU does not load: ${failure}`];
  if (adapters.length === 0) return ['gpu        none: no adapter answers'];
  return adapters.map((adapter) => {
    return `gpu        ${adapterText(adapter)}${adapter.software ? ', right but slower than cpu: never taken by auto' : ''}`;
  });
}

function cpuText({ instructionSets, openMp, cores }: Exclude<Devices['cpu'], { reason: string }>): string {
  return `${instructionSets.join(', ')}; ${openMp ? `OpenMP, ${cores} cores` : 'without OpenMP: one thread'}`;
}
