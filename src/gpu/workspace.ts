/** The passes of a transform, recorded into a command encoder, and the device memory they need. */
import { BUFFER } from './flags.js';
import type { PassTimer } from './pass-timer.js';
import { LIST_COUNT_OFFSET, LIST_HEADER_BYTES, type PipelinePair, type Pipelines, TUNING } from './pipelines.js';
import { PIXEL_BYTES, REGION_BYTES, type Region, regionWords, workgroupsFor } from './strips.js';

/** Where the passes of a transform read and write: buffers of one u32 a pixel, usage `STORAGE`. */
export interface Ends {
  readonly input: GPUBuffer;
  readonly output: GPUBuffer;
}

/** Which of `passes` passes to record: from `first` up to, but not including, `end`. */
export interface PassRange {
  readonly first: number;
  readonly end: number;
  readonly passes: number;
}

/** Where the numbers of pixels that were redone go: a u32 a pass, in the order of the passes; usage `COPY_DST`. */
interface Counts {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** What to record. */
export interface Work {
  readonly pair: PipelinePair;
  readonly ends: Ends;
  /** The region that was set. */
  readonly region: Region;
  readonly range: PassRange;
  readonly counts?: Counts;
  readonly timer?: PassTimer | undefined;
}

interface BindGroups {
  readonly settle: GPUBindGroup;
  readonly repair: GPUBindGroup;
}

/** What passes over an image of up to `pixels` pixels need on the device besides input and output. */
export class Workspace {
  readonly pixels: number;
  readonly passes: number;
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #region: GPUBuffer;
  /** There is room for every pixel: the list cannot overflow. */
  readonly #unsettled: GPUBuffer;
  /** Results between passes: none, one, or two taking turns. */
  readonly #between: GPUBuffer[];
  readonly #bindGroups = new WeakMap<GPUBuffer, WeakMap<GPUBuffer, BindGroups>>();

  /** To be called within error scopes. */
  constructor(device: GPUDevice, pipelines: Pipelines, pixels: number, passes: number) {
    this.pixels = pixels;
    this.passes = passes;
    this.#device = device;
    this.#pipelines = pipelines;
    const buffer = (label: string, size: number, usage: GPUBufferUsageFlags) =>
      device.createBuffer({ label, size, usage: usage | BUFFER.COPY_DST });
    const byteLength = pixels * PIXEL_BYTES;
    this.#region = buffer('region', REGION_BYTES, BUFFER.UNIFORM);
    const list = BUFFER.STORAGE | BUFFER.INDIRECT | BUFFER.COPY_SRC;
    this.#unsettled = buffer('unsettled', LIST_HEADER_BYTES + byteLength, list);
    this.#between = Array.from({ length: Math.min(passes - 1, 2) }, () =>
      buffer('between passes', byteLength, BUFFER.STORAGE),
    );
  }

  /** Sets what the passes recorded next compute, in the order of the queue. */
  setRegion(region: Region): void {
    this.#device.queue.writeBuffer(this.#region, 0, regionWords(region));
  }

  /** Records passes, each with its repair, that wait for nothing from the host. */
  record(encoder: GPUCommandEncoder, work: Work): void {
    const { pair, ends, region, range, counts, timer } = work;
    // Pixels that the border mode skips are never written, and later passes read them: they are 0.
    if (range.first === 0) for (const buffer of this.#between) encoder.clearBuffer(buffer);
    for (let pass = range.first; pass < range.end; pass++) {
      const groups = this.#bindGroupsOf(this.#endsOf(pass, ends, range.passes));
      this.#recordPass(encoder, pair, groups, region, timer?.writesOf(pass));
      if (counts === undefined) continue;
      const at = counts.offset + pass * Uint32Array.BYTES_PER_ELEMENT;
      encoder.copyBufferToBuffer(this.#unsettled, LIST_COUNT_OFFSET, counts.buffer, at, Uint32Array.BYTES_PER_ELEMENT);
    }
  }

  destroy(): void {
    for (const buffer of [this.#region, this.#unsettled, ...this.#between]) buffer.destroy();
  }

  #recordPass(
    encoder: GPUCommandEncoder,
    pair: PipelinePair,
    groups: BindGroups,
    region: Region,
    timestampWrites: GPUComputePassTimestampWrites | undefined,
  ): void {
    this.#pipelines.recordEmptyList(encoder, this.#unsettled);
    const pass = encoder.beginComputePass({ label: 'neighbor-product', ...(timestampWrites && { timestampWrites }) });
    pass.setPipeline(pair.settle);
    pass.setBindGroup(0, groups.settle);
    pass.dispatchWorkgroups(...workgroupsFor(region, TUNING, this.#device.limits.maxComputeWorkgroupsPerDimension));
    pass.setPipeline(pair.repair);
    pass.setBindGroup(0, groups.repair);
    pass.dispatchWorkgroupsIndirect(this.#unsettled, 0);
    pass.end();
  }

  #endsOf(pass: number, { input, output }: Ends, passes: number): Ends {
    return {
      input: pass === 0 ? input : this.#between[(pass - 1) % 2],
      output: pass === passes - 1 ? output : this.#between[pass % 2],
    };
  }

  #bindGroupsOf(ends: Ends): BindGroups {
    const known = this.#bindGroups.get(ends.input)?.get(ends.output);
    if (known !== undefined) return known;
    const created = this.#createBindGroups(ends);
    const ofInput = this.#bindGroups.get(ends.input) ?? new WeakMap<GPUBuffer, BindGroups>();
    this.#bindGroups.set(ends.input, ofInput.set(ends.output, created));
    return created;
  }

  #createBindGroups({ input, output }: Ends): BindGroups {
    const { settleLayout, repairLayout, quotients } = this.#pipelines;
    const resources = [this.#region, input, output, this.#unsettled].map((buffer) => ({ buffer }));
    const create = (label: string, layout: GPUBindGroupLayout, bound: GPUBufferBinding[]) =>
      this.#device.createBindGroup({
        label,
        layout,
        entries: bound.map((resource, binding) => ({ binding, resource })),
      });
    return {
      settle: create('settle', settleLayout, resources),
      repair: create('repair', repairLayout, [...resources, quotients]),
    };
  }
}
