/** What `npm run shader-cost` counts: in a disassembly of a few lines, and in those of the shaders beside the committed result. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CannotSetUp } from '../../tools/debian-packages.mjs';
import { intelLines, radeonLines } from '../../tools/shader-cost/disassembly.mjs';
import { countsOf, pixelCost } from '../../tools/shader-cost/instructions.mjs';
import { boundOf } from '../../tools/shader-cost/roofline.mjs';
import { committedResult, differences, shaderCost } from '../../tools/shader-cost.mjs';

type Pipeline = import('../../tools/shader-cost/compilers.mjs').PipelineCost;

/** What comes before costs 4, 2 loads; a turn costs 3 a pixel, 1 load; an undecided pixel 1. */
const RADEON = `
BB0:
	s_load_b128 s[12:15], s[2:3], null                          ; f4080301
	s_cbranch_execz BB9                                         ; bfa50171
BB1:
	buffer_load_b32 v3, v3, s[12:15], 0 offen                   ; e0500000
	buffer_load_b32 v4, v4, s[12:15], 0 offen                   ; e0500000
	v_add_nc_u32_e32 v1, s4, v0                                 ; 4a020004
	(then repeated 3 times)
BB2:
	s_cbranch_scc1 BB9                                          ; bfa200fa
	buffer_load_b32 v0, v0, s[12:15], 0 offen                   ; e0500000
	v_mul_f32_e32 v10, v10, v16                                 ; 1014210a
	v_rsq_f32_e32 v19, v19                                      ; 7e265d13
	s_cbranch_execz BB5                                         ; bfa50030
BB4:
	v_mov_b32_e32 v3, s16                                       ; 7e060210
	buffer_atomic_add_u32 v3, off, s[28:31], 0                  ; e0d40000
	buffer_store_b32 v8, v4, s[28:31], 0 offen offset:16        ; e0680010
BB5:
	v_cmp_lt_f32_e32 vcc, v22, v24                              ; 7c223116
	buffer_store_b32 v19, v8, s[28:31], 0 offen                 ; e0680000
	s_branch BB2                                                ; bfa0ff00
BB9:
	s_endpgm                                                    ; bfb00000
`;

/** The same, where one of the four instructions before the loop is for one lane: half an instruction. */
const INTEL = `
(-f0.0) if(16)  JIP:  LABEL3          UIP:  LABEL3              { align1 1H };
send(16)        g83UD           g79UD           nullUD          0x64200500                0x02000000
                            ugm MsgDesc: ( load, a32, d32, V1, L1STATE_L3MOCS dst_len = 2 )  BTI 2  { align1 1H };
send(16)        g83UD           g79UD           nullUD          0x64200500                0x02000000
                            ugm MsgDesc: ( load, a32, d32, V1, L1STATE_L3MOCS dst_len = 2 )  BTI 2  { align1 1H };
send(1)         g54UD           g63UD           nullUD          0x6220d500                0x01000000
                            ugm MsgDesc: ( load, a32, d32, V8, transpose, L1STATE dst_len = 1 )  BTI 1  { align1 WE_all };
add(16)         g61<1>D         g12<1,1,0>D     8D              { align1 1H compacted };
(+f0.0) sel(16) g68<1>UD        g54.7<0,1,0>UD  g24<1,1,0>UD    { align1 1H A@5 compacted };
cmp.ge.f0.0(16) g65<1>UD        g44<1,1,0>UD    g63<1,1,0>UD    { align1 1H A@1 compacted };
mov(1)          g9<1>D          255D                            { align1 WE_all 1N };

LABEL9:
sync nop(1)                     null<0,1,0>UB                   { align1 WE_all 1N $9.src };
(+f0.0) break(16) JIP:  LABEL4        UIP:  LABEL4              { align1 1H };
send(16)        g83UD           g79UD           nullUD          0x64200500                0x02000000
                            ugm MsgDesc: ( load, a32, d32, V1, L1STATE_L3MOCS dst_len = 2 )  BTI 2  { align1 1H };
mul(16)         g1<1>F          g32<1,1,0>F     g38<1,1,0>F     { align1 1H F@3 compacted };
math rsq(16)    g62<1>F         g60<8,8,1>F     null<8,8,1>F    { align1 1H @3 $9 };
(+f0.0) if(16)  JIP:  LABEL5          UIP:  LABEL5              { align1 1H };
mov(16)         g64<1>D         12D                             { align1 1H };
send(16)        g14UD           g64UD           g72UD           0x6424050c                0x04000080
                            ugm MsgDesc: ( atomic_add, a32, d32, V1, L1UC_L3WB dst_len = 2 )  BTI 4  { align1 1H };
send(16)        nullUD          g72UD           g7UD            0x64000504                0x04000080
                            ugm MsgDesc: ( store, a32, d32, V1, L1STATE_L3MOCS dst_len = 0 )  BTI 4  { align1 1H };

LABEL5:
endif(16)       JIP:  LABEL4                                    { align1 1H };
mov(16)         g105<1>UD       g99<8,8,1>F                     { align1 1H F@3 };
send(16)        nullUD          g118UD          g78UD           0x64000504                0x03000080
                            ugm MsgDesc: ( store, a32, d32, V1, L1STATE_L3MOCS dst_len = 0 )  BTI 3  { align1 1H };

LABEL4:
while(16)       JIP:  LABEL9                                    { align1 1H };

LABEL3:
endif(16)       JIP:  LABEL10                                   { align1 1H };
`;

const LOOP = { vector: 3, float: 1, special: 1, load: 1, store: 1, atomic: 0 };
const UNDECIDED = { vector: 1, float: 0, special: 0, load: 0, store: 1, atomic: 1 };

describe('a pixel of the fast pass', () => {
  test('of a Radeon', () => {
    expect(pixelCost(radeonLines(RADEON), 8)).toEqual({
      pixelsPerTurn: 1,
      loop: LOOP,
      decided: { ...LOOP, vector: 3 + 4 / 8, load: 1 + 2 / 8 },
      undecided: UNDECIDED,
    });
  });

  test('of an Intel GPU', () => {
    const { loop, decided, undecided } = pixelCost(intelLines(INTEL), 8);
    expect(loop).toEqual(LOOP);
    expect(decided).toEqual({ ...LOOP, vector: 3 + 3.5 / 8, load: 1 + 2 / 8 });
    expect(undecided).toEqual(UNDECIDED);
  });

  test('has its undecided part in a loop within, too', () => {
    const [before, turn, after] = RADEON.split(/^(?=BB[29]:)/m);
    const looped = turn.replace('BB5:', '\ts_branch BB4\nBB5:');
    expect(pixelCost(radeonLines(`${before}${looped}${after}`), 8)).toMatchObject({ loop: LOOP, undecided: UNDECIDED });
    const endless = looped.replace('s_cbranch_execz BB5', 's_nop');
    expect(pixelCost(radeonLines(`${before}${endless}${after}`), 8)).toMatchObject({
      loop: LOOP,
      undecided: UNDECIDED,
    });
  });

  test('is half of a loop that was unrolled once', () => {
    const [before, turn, after] = RADEON.split(/^(?=BB[29]:)/m);
    const second = turn.replace('BB2:', 'BB6:').replaceAll(/BB([45])\b/g, 'BB1$1');
    const unrolled = `${before}${turn.replace('\ts_branch BB2 ', '\ts_nop ')}${second}${after}`;
    const { pixelsPerTurn, loop } = pixelCost(radeonLines(unrolled), 8);
    expect({ pixelsPerTurn, loop }).toEqual({ pixelsPerTurn: 2, loop: LOOP });
  });

  test.each([
    ['no loop', RADEON.replace('s_branch BB2', 's_nop'), 'Expected one loop'],
    ['two loops', RADEON.replace('s_cbranch_scc1 BB9', 's_cbranch_scc1 BB1'), 'Expected one loop'],
    ['no part for undecided pixels', RADEON.replace('buffer_atomic', 'buffer_load'), 'undecided'],
    ['no store', RADEON.replace('buffer_store_b32 v19', 'buffer_load_b32 v19'), 'undecided'],
  ])('is not counted where there is %s', (_, text, message) => {
    expect(() => pixelCost(radeonLines(text), 8)).toThrow(message);
  });

  test('is nothing in no instructions', () => {
    expect(countsOf(radeonLines(''))).toEqual({ vector: 0, float: 0, special: 0, load: 0, store: 0, atomic: 0 });
  });
});

test('a pass takes as long as memory or its instructions', () => {
  const gpu = { name: 'some', instructionsOf: 'any', bytesPerSecond: 8e12, lanes: 100, hertz: 1e9 };
  const pixel = { vector: 100, float: 60, special: 1, load: 0, store: 0, atomic: 0 };
  const oneUnit = boundOf({ ...gpu, otherLanes: 100, specialLanes: 25 }, pixel);
  expect(oneUnit).toMatchObject({ memoryPs: 1, by: 'instructions', copies: 1030 });
  const separate = boundOf({ ...gpu, otherLanes: 20, specialLanes: 25 }, pixel);
  expect(separate.instructionsPs).toBeCloseTo((1e3 * (100 - 60 - 1)) / 20);
  expect(boundOf({ ...gpu, bytesPerSecond: 1e6, otherLanes: 100, specialLanes: 25 }, pixel)).toMatchObject({
    by: 'memory',
    copies: 1,
  });
});

test('docs/performance.md has the numbers of the committed result', () => {
  const page = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
  const { pipelines, bounds, versions, date } = committedResult().report;
  const opaque = (pass: string) =>
    pipelines.filter((pipeline) => pipeline.pass === pass && pipeline.alpha === 'opaque');
  const registers = ({ gpu, vectorRegisters }: Pipeline) => `${vectorRegisters}${gpu === 'Arc' ? ' of 128' : ''}`;
  const subgroups = ({ subgroups, mostSubgroups }: Pipeline) => (subgroups ? `${subgroups} of ${mostSubgroups}` : '');
  const rows: [string, string, (pipeline: Pipeline) => string | number][] = [
    ['fast pass: registers of a lane', 'fast_pass', registers],
    ['scratch memory, bytes', 'fast_pass', ({ scratchBytes }) => scratchBytes],
    ['subgroups that a unit can hold', 'fast_pass', subgroups],
    ['instructions in all', 'fast_pass', ({ instructions }) => instructions],
    ['a decided pixel: vector instructions', 'fast_pass', ({ pixel }) => pixel!.decided.vector.toFixed(1)],
    ['of these in the loop', 'fast_pass', ({ pixel }) => pixel!.loop.vector],
    ['its loads and stores', 'fast_pass', ({ pixel }) => `${pixel!.decided.load}, ${pixel!.decided.store}`],
    ['vector instructions more', 'fast_pass', ({ pixel }) => pixel!.undecided.vector],
    ['exact pass: registers of a lane', 'exact_pass', registers],
    ['scratch memory, bytes', 'exact_pass', ({ scratchBytes }) => scratchBytes],
    ['subgroups that a unit can hold', 'exact_pass', subgroups],
    ['instructions in all', 'exact_pass', ({ instructions }) => instructions],
  ];
  const tight = page.replaceAll('| |', '|  |');
  for (const [name, pass, cell] of rows) expect(tight).toContain(`${name} | ${opaque(pass).map(cell).join(' | ')} |`);
  for (const { gpu, memoryPs, instructionsPs, copies, by } of bounds) {
    const row = page.split('\n').find((line) => line.startsWith(`| ${gpu}`) && line.includes(`| ${by} |`));
    expect(row).toContain(`| ${memoryPs.toFixed(1)} | ${instructionsPs.toFixed(1)} | ${copies.toFixed(2)} |`);
  }
  for (const text of [date, `Mesa ${versions.mesa.split('-')[0]}`, `webgpu ${versions.webgpu}`])
    expect(page).toContain(text);
});

/** Undefined where Mesa's packages are not there and cannot be had. */
function compiled() {
  try {
    return shaderCost(() => {});
  } catch (error) {
    if (!(error instanceof CannotSetUp)) throw error;
    process.stderr.write(
      `NOT RUN, for want of Mesa's compilers: the shaders beside the committed counts. ${error.message}\n`,
    );
    return undefined;
  }
}

const report = compiled();

describe.skipIf(report === undefined)('the shaders, compiled by Mesa', () => {
  const committed = committedResult().report;

  test('cost what the committed result says', () => {
    expect(report!.pipelines.length).toBe(committed.pipelines.length);
    expect(differences(report!, committed)).toEqual([]);
  });

  test('a count that is 6 % off is found', () => {
    const changed = structuredClone(committed);
    changed.pipelines[0].pixel!.decided.vector *= 1.06;
    expect(differences(report!, changed)).toEqual([
      expect.stringMatching(/^RDNA 3, fast_pass, opaque: pixel decided vector:/),
    ]);
  });

  test('a pipeline that is missing is found', () => {
    const changed = { ...committed, pipelines: committed.pipelines.slice(1) };
    expect(differences(report!, changed)).toContainEqual(
      expect.stringMatching(/^RDNA 3, fast_pass, opaque: instructions: expected nothing, actual \d+\.$/),
    );
    expect(differences(report!, { ...committed, pipelines: [] })).toEqual(['The committed result has no counts.']);
  });

  test('nothing spills', () => {
    expect(report!.pipelines.filter(({ scratchBytes }) => scratchBytes > 0)).toEqual([]);
  });
});
