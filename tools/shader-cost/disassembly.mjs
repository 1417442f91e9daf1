/**
 * The lines of a disassembly as Mesa's drivers print it, in one form for all GPUs: labels, branches, and what is executed for
 * each lane. What serves all lanes at once is left out: other units execute it at the same time.
 */

/**
 * Arithmetic of all kinds, or an access to memory, for each lane; labels and where branches lead. `size` is in parts of an
 * instruction for all lanes. The unit `float` is the one for single precision, `special` that for roots, logarithms and the
 * like.
 *
 * @typedef {{ kind: 'vector', size: number, unit: 'float' | 'special' | 'other' }} Vector
 * @typedef {{ kind: 'load' | 'store' | 'atomic' }} Access
 * @typedef {{ kind: 'label', label: string }} Label
 * @typedef {{ kind: 'branch', target: string }} Branch
 * @typedef {Vector | Access | Label | Branch} Line
 */

/**
 * Of Radeon GPUs. Vector instructions begin with `v_`, those of the scalar unit with `s_`.
 *
 * @param {string} text
 * @returns {Line[]}
 */
export function radeonLines(text) {
  /** @type {Line[][]} by line of the text */
  const lines = [];
  for (const line of text.split('\n')) {
    // A run of equal instructions is printed once.
    const repeats = /^\s*\(then repeated (\d+) times\)/.exec(line)?.[1];
    lines.push(repeats === undefined ? radeonLine(line) : Array(Number(repeats)).fill(lines.at(-1)).flat());
  }
  return lines.flat();
}

/** @returns {Line[]} one or none */
function radeonLine(line) {
  const label = /^(BB\d+):$/.exec(line.trim())?.[1];
  if (label !== undefined) return [{ kind: 'label', label }];
  const [, name = '', rest = ''] = /^\s+([a-z]\w+)\b([^;]*)/.exec(line) ?? [];
  if (/^s_c?branch/.test(name)) return [{ kind: 'branch', target: rest.trim() }];
  if (name.startsWith('v_')) return [{ kind: 'vector', size: 1, unit: radeonUnit(name) }];
  const access = /^(?:buffer|global|flat)_(load|store|atomic)/.exec(name)?.[1];
  return access === undefined ? [] : [{ kind: access }];
}

/** Comparisons, minima and maxima count as other: NVIDIA's units, which these stand in for, execute them with the integers. */
function radeonUnit(name) {
  if (/^v_(rsq|rcp|sqrt|exp|log|sin|cos)_/.test(name)) return 'special';
  return /^v_(mul|add|sub|subrev|mac|fmac|fma|mad|madmk|madak|fmamk|fmaak)_f32/.test(name) ? 'float' : 'other';
}

/** An instruction has 16 lanes here, in two halves: one for 8 lanes or less takes half the time. */
const INTEL_LANES = 16;

/**
 * Of Intel GPUs. Their one kind of unit executes what serves all lanes, too. The destination's type says which unit does it.
 *
 * @param {string} text
 * @returns {Line[]}
 */
export function intelLines(text) {
  return text.split('\n').flatMap((line) => {
    const label = /^(LABEL\d+):$/.exec(line.trim())?.[1];
    if (label !== undefined) return [{ kind: 'label', label }];
    const access = /MsgDesc: \( ?(load|store|atomic)/.exec(line)?.[1];
    if (access !== undefined) return line.includes(' transpose,') ? [] : [{ kind: access }];
    const [, name, math, lanes, rest] = /^(?:\(\S+\) )?([a-z]\w*)(?: (\w+))?[\w.]*\((\d+)\)(.*)/.exec(line) ?? [];
    if (name === undefined || /^(sync|send|else|endif|halt)/.test(name)) return [];
    if (/^(if|break|while|cont)$/.test(name)) return [{ kind: 'branch', target: /JIP: +(\w+)/.exec(rest)[1] }];
    const size = Math.max(Number(lanes), INTEL_LANES / 2) / INTEL_LANES;
    const isFloat = /^\s+\S+<\d+>F\s/.test(rest);
    return [{ kind: 'vector', size, unit: math === undefined ? (isFloat ? 'float' : 'other') : 'special' }];
  });
}
