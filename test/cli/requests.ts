/** Requests as the command line gives them. */
import { parseCommandLine, type TransformRequest } from '../../src/cli/program.js';

/** The request for a transform with some arguments. */
export function requestOf(...args: string[]): TransformRequest {
  const commandLine = parseCommandLine(args);
  if (commandLine.kind === 'transform') return commandLine.request;
  throw new Error(`Expected a transform, but received ${JSON.stringify(commandLine)}`);
}
