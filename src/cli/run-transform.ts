/** The `transform` command: what is asked is done and told. */
import { BUILD_ADVICE } from '../cpu/build-advice.js';
import { exitCodeOf } from './exit-codes.js';
import { prepareOutputs } from './prepare-outputs.js';
import type { TransformRequest } from './program.js';
import { detailLines, errorText, recordLine, summaryLine, warningLine } from './report.js';
import { type Done, type Steps, transformFiles } from './transform-files.js';

/** Where the words go: the command itself knows no stream. */
export interface Voice {
  /** A line of data. */
  readonly record: (line: string) => Promise<void>;
  /** A line, or lines, for people. */
  readonly say: (text: string) => void;
  readonly isColoured: boolean;
}

/**
 * @returns the exit code: of the first picture that failed, or 0
 * @throws NeighborProductError for what makes the whole request invalid
 */
export async function runTransform(request: TransformRequest, steps: Steps, voice: Voice): Promise<number> {
  const plans = await prepareOutputs(request);
  const { json, verbosity } = request;
  const warnings = new Set<string>();
  let exitCode = 0;
  for await (const outcome of transformFiles(plans, request, steps)) {
    if (json) await voice.record(recordLine(outcome));
    if (outcome.kind === 'done') {
      if (verbosity !== 'quiet') sayDone(outcome, request, voice, warnings);
    } else {
      const { plan, error } = outcome;
      const style = { input: plan.input, isVerbose: verbosity === 'verbose', isColoured: voice.isColoured };
      voice.say(errorText(error, style));
      exitCode ||= exitCodeOf(error);
    }
  }
  return exitCode;
}

/** @param warnings what was said already: once is enough for any number of pictures */
function sayDone(done: Done, request: TransformRequest, voice: Voice, warnings: Set<string>): void {
  if (!request.json) voice.say(summaryLine(done, request.transform.backend === 'auto'));
  if (request.verbosity === 'verbose') voice.say(detailLines(done).join('\n'));
  for (const warning of warningsOf(done, request)) {
    if (!warnings.has(warning)) voice.say(warningLine(warning, voice.isColoured));
    warnings.add(warning);
  }
}

function warningsOf({ result }: Done, { transform, verify }: TransformRequest): string[] {
  const warnings = result.fault === undefined ? [] : [`${result.fault} Here ${result.reason}: the picture is right.`];
  if (result.backend !== 'reference') return warnings;
  if (transform.backend !== 'reference') {
    warnings.push(`The slow reference ran: ${result.reason}. ${BUILD_ADVICE}`);
  }
  if (verify) warnings.push('--verify had nothing to compare: the reference itself ran.');
  return warnings;
}
