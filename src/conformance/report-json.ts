import type { ConformanceReport } from './run-conformance.js';

/** The whole report as JSON; a row of samples takes one line. Any `failures` entry can be replayed. */
export function reportJson(report: ConformanceReport): string {
  // A line break cannot occur inside a JSON string, so this meets nothing but lists of numbers.
  const numberList = /\[\n[-\d.,\s]+\]/g;
  return `${JSON.stringify(report, undefined, 2).replace(numberList, (list) => list.replace(/\s+/g, ' '))}\n`;
}
