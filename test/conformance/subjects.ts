/** Subjects and reports for the tests of the suite itself. */
import type { ConformanceReport } from '../../src/conformance/report.js';
import type { Subject, TestedBackend } from '../../src/conformance/subject.js';
import { runConformance } from '../../src/conformance/suite.js';
import { referenceTransformer } from '../../src/reference.js';
import { makeFaultySubjects } from './faulty-backends.js';

export const reference: Subject = { name: 'reference', backend: referenceTransformer };

export function subjectOf(name: string, transform: TestedBackend['transform']): Subject {
  return { name, backend: { transform } };
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
