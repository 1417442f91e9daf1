/** Refuses, before anything runs, a trace that could not be written or would overwrite what a command reads or writes. */
import { expected, NeighborProductError } from '../errors.js';
import { prepareOutputs, refuseOverwriting, requireFolderOf } from './prepare-outputs.js';
import type { Work } from './program.js';

/** @throws NeighborProductError `INVALID_OPTION`, `OUTPUT_UNWRITABLE`; as {@link prepareOutputs} */
export async function prepareTrace(trace: string, work: Work): Promise<void> {
  if (trace === '-' || trace === '') {
    throw new NeighborProductError('INVALID_OPTION', expected('the path of a file', '--trace', trace));
  }
  const { reads, writes } = await filesOf(work);
  await requireFolderOf(trace);
  await refuseOverwriting(reads, [...writes, trace]);
}

async function filesOf(work: Work): Promise<{ reads: string[]; writes: string[] }> {
  switch (work.kind) {
    case 'transform': {
      const plans = await prepareOutputs(work.request);
      return { reads: plans.map(({ input }) => input), writes: plans.map(({ output }) => output) };
    }
    case 'conformance':
      return { reads: [work.request.replay ?? []].flat(), writes: [work.request.report ?? []].flat() };
    case 'bench':
      return { reads: [work.request.from ?? []].flat(), writes: [work.request.plot ?? []].flat() };
    case 'devices':
      return { reads: [], writes: [] };
  }
}
