/** Compiles the kernel's module, once, and says why it cannot run where it cannot. */
import type { Unavailable } from '../backend.js';
import { type WasmModule, wasm } from './kernel.js';
import { kernelCode, shared, sharingAt } from './kernel-code.js';

let bytes: Uint8Array | undefined;
let compiling: Promise<WasmModule | Unavailable> | undefined;
let compiled: WasmModule | undefined;

/** The module's bytes, or why they are of no use here. */
function loadBytes(): Uint8Array | Unavailable {
  if (wasm === undefined) return { reason: 'WebAssembly is switched off here' };
  bytes ??= Uint8Array.from(atob(kernelCode), (character) => character.charCodeAt(0));
  return wasm.validate(bytes) ? bytes : { reason: 'WebAssembly has no SIMD here' };
}

/** Never throws. */
export function compileModule(): Promise<WasmModule | Unavailable> {
  compiling ??= compile();
  return compiling;
}

async function compile(): Promise<WasmModule | Unavailable> {
  const code = loadBytes();
  if ('reason' in code) return code;
  try {
    compiled ??= await wasm!.compile(code);
    return compiled;
  } catch (error) {
    return refused(error);
  }
}

/** The same without waiting, which a page may refuse. */
export function compileModuleSync(): WasmModule | Unavailable {
  const code = loadBytes();
  if ('reason' in code) return code;
  try {
    compiled ??= new wasm!.Module(code);
    return compiled;
  } catch (error) {
    return refused(error);
  }
}

/** A page's content security policy can forbid it. */
function refused(error: unknown): Unavailable {
  return {
    reason: `it does not compile here (${(error as Error).message})`,
    advice: "A content security policy needs script-src 'wasm-unsafe-eval'.",
  };
}

let compilingSharing: Promise<WasmModule | undefined> | undefined;

/** The module for memory that threads share; undefined where there is none. Never throws. */
export function compileSharingModule(): Promise<WasmModule | undefined> {
  compilingSharing ??= compileSharing();
  return compilingSharing;
}

async function compileSharing(): Promise<WasmModule | undefined> {
  const code = loadBytes();
  if ('reason' in code) return undefined;
  const sharing = code.slice();
  sharing[sharingAt] = shared;
  return wasm!.compile(sharing).catch(() => undefined);
}
