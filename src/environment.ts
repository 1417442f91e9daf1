/** Variables of the environment. */

/** The value of a variable; undefined, too, where the runtime forbids to read it, as Deno does without `--allow-env`. */
export function readVariable(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}
