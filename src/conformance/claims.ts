/** What a run shows and what no run can show: each claim with its evidence and the command that checks it again. */
import { type ConformanceReport, totalOf } from './report.js';
import { commandFor, countText, pluralText } from './wording.js';

/** A sentence that is true or false, and how to find out. */
export interface Claim {
  readonly claim: string;
  /** Undefined: it takes more than this run to show it. */
  readonly holds: boolean | undefined;
  /** What there is for it or against it. */
  readonly evidence: string;
  /** The part of the report that has the evidence in full. */
  readonly section: 'backends' | 'groups' | 'failures' | 'machine';
  /** Checks it again, in a shell; one that begins with `npm` runs in a checkout. */
  readonly command: string;
}

/** What the cases of some groups show beside the bytes of each. */
const CLAIMS_OF_GROUPS = [
  {
    groups: ['kind', 'large'],
    claim:
      'Also where images are hardest: on whole numbers, at zeros, where one channel dominates, nearest to any decision.',
  },
  {
    groups: ['border', 'seam'],
    claim: 'Also at every seam and edge: of vectors, tiles, strips, threads and the image.',
  },
  { groups: ['memory', 'overlap'], claim: 'Nothing but the output is written, even where it overlaps the input.' },
];

/** The claims on which this run has cases; none if nothing ran. */
export function claimsOf({ subjects, command, seed, corpusHash }: ConformanceReport): Claim[] {
  const groups = subjects.flatMap((result) => result.groups);
  const all = totalOf({ groups });
  if (all.cases === 0) return [];
  return [
    {
      claim: 'Every byte is that of the definition, without tolerance.',
      holds: all.failed === 0,
      evidence: `${countText(all.bytes)} bytes compared; ${outcomeText(all)}`,
      section: all.failed > 0 ? 'failures' : 'backends',
      command,
    },
    ...CLAIMS_OF_GROUPS.flatMap(({ claim, groups: names }): Claim[] => {
      const own = groups.filter(({ group }) => names.includes(group));
      if (own.length === 0) return [];
      const total = totalOf({ groups: own });
      const ran = [...new Set(own.map(({ group }) => group))];
      const evidence = `${ran.join(' and ')}; ${outcomeText(total)}`;
      const command = ran.map((group) => commandFor({ filter: `${group}/`, seed })).join('; ');
      return [{ claim, holds: total.failed === 0, evidence, section: 'groups', command }];
    }),
    {
      claim: 'Another run of this command compares the same cases.',
      holds: undefined,
      evidence: `if its corpus is ${corpusHash.slice(0, 12)}... too`,
      section: 'machine',
      command,
    },
    {
      claim: 'It holds for every image, and on every device that keeps what WGSL promises.',
      holds: undefined,
      evidence: 'proved in docs/numerics.md for these shaders, the bounds by a proof checker',
      section: 'machine',
      command: 'npm run prove',
    },
  ];
}

function outcomeText({ cases, failed }: { readonly cases: number; readonly failed: number }): string {
  return failed === 0
    ? `${pluralText(cases, 'case')} equal`
    : `${countText(failed)} of ${pluralText(cases, 'case')} failed`;
}
