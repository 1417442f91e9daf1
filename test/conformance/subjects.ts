/** Subjects and reports for the tests of the suite itself. */
import type { Backend } from '../../src/backend.js';
import { makeFaultySubjects } from '../../src/conformance/faulty-backends.js';
import { type ConformanceReport, runConformance } from '../../src/conformance/run-conformance.js';
import type { Subject } from '../../src/conformance/tally.js';
import { referenceBackend } from '../../src/reference.js';

export const reference: Subject = { name: 'reference', backend: referenceBackend };

/** The reference with another way to transform. */
export function subjectOf(name: string, transform: Backend['transform']): Subject {
  return { name, backend: { ...referenceBackend, transform } };
}

/** A passing run of two backends, small. */
export function makePassingReport(): Promise<ConformanceReport> {
  return runConformance({
    subjects: [reference, { ...reference, name: 'again <&>' }],
    facts: [{ name: 'Adapter', value: 'none & nothing' }],
    filter: 'border/*/33x7',
  });
}

/** A failing run: every faulty backend, one that throws and one that is missing. */
export function makeFailingReport(): Promise<ConformanceReport> {
  const thrower = subjectOf('thrower', async () => {
    throw new Error('lost <device>');
  });
  const missing: Subject = { name: 'gpu', missing: 'no adapter answers' };
  return runConformance({ subjects: [reference, ...makeFaultySubjects(), thrower, missing], quick: true });
}
