/** Deno's wgpu: in-deno.mjs quick|full. Prints one line of JSON. */
import { compare } from './compare.mjs';

const found = await compare(navigator.gpu, { quick: Deno.args[0] === 'quick' });
await Deno.stdout.write(new TextEncoder().encode(`\n${JSON.stringify(found)}\n`));
Deno.exit();
