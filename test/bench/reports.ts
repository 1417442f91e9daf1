/** A report of round numbers, for the tests of tables and plots. */
import { type BenchReport, REPORT_FORMAT, type Row } from '../../src/bench/result.js';

const spread = (median: number) => ({ median, least: median / 2, most: median * 2 });

export function rowWith(fields: Partial<Row>): Row {
  return {
    program: 'a program',
    role: 'peer',
    threads: 1,
    nsPerPixel: spread(1),
    repetitions: 3,
    gbPerSecond: 8,
    timesCopy: 2,
    differingShare: 0,
    ...fields,
  };
}

export const REPORT: BenchReport = {
  format: REPORT_FORMAT,
  command: 'neighbor-product bench <all>',
  date: '2026-01-02T03:04:05.678Z',
  machine: {
    processor: 'A & B 3000',
    cores: 1,
    memoryGb: 8,
    system: 'Linux 6.1 x64',
    node: 'v20.0.0',
    loadBefore: 0.5,
    loadAfter: 1.25,
  },
  cases: [
    {
      id: '950x535/photograph',
      width: 950,
      height: 535,
      kind: 'photograph',
      origin: 'generated, seed 1',
      rows: [
        rowWith({ program: 'copy of the same bytes', role: 'copy', nsPerPixel: spread(0.5), timesCopy: 1 }),
        rowWith({ program: 'copy of the same bytes', role: 'copy', threads: 2, nsPerPixel: spread(0.3), timesCopy: 1 }),
        rowWith({ program: 'slow <one>', nsPerPixel: spread(16_822.4), timesCopy: 33_644.8, crop: '64x48' }),
        rowWith({ program: 'nearly right', nsPerPixel: spread(12), differingShare: 0.000_123 }),
        rowWith({
          program: 'neighbor-product cpu avx2',
          role: 'ours',
          threads: 2,
          cold: { openMs: 10, firstMs: 2.5 },
          exactShare: 0.0075,
        }),
      ],
      missing: [{ program: 'OpenCV', reason: 'No module named cv2' }],
    },
  ],
};
