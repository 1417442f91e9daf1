/**
 * What the device runs: the pipelines of the two passes, and the recording of passes into a command encoder.
 * The shaders are shaders/fast_pass.wgsl and shaders/exact_pass.wgsl.
 */
import { ALPHA_MODES, type AlphaMode } from '../options.js';
import type { Region } from '../regions.js';
import { BUFFER, PIXEL_BYTES, SHADER_STAGE_COMPUTE, withErrorScopes } from './device.js';
import { shaderCode } from './shader-code.js';
import type { PassTimer } from './timing.js';

/** Sizes of workgroups, in threads, and of a thread's work. They decide the speed, never the bytes. */
export interface Tuning {
  readonly fastWorkgroupSize: number;
  readonly rowsPerThread: number;
  readonly exactWorkgroupSize: number;
}

/** docs/performance.md says how it was chosen; `bench --tune-gpu` tries others. */
export const TUNING: Tuning = { fastWorkgroupSize: 64, rowsPerThread: 16, exactWorkgroupSize: 64 };

/** A thread of the fast pass computes two pixels of each of its rows. */
export const COLUMNS_PER_THREAD = 2;

/** The four words before the list of undecided pixels: a dispatch of (0, 1, 1) workgroups, and no pixel. */
const EMPTY_LIST = Uint32Array.of(0, 1, 1, 0);
export const LIST_HEADER_BYTES = EMPTY_LIST.byteLength;
/** Where the header counts the pixels. */
const LIST_COUNT_OFFSET = 12;

/** sample / 255 as the definition rounds it: a JavaScript number is a binary64. */
const QUOTIENTS = Float64Array.from({ length: 256 }, (_, sample) => sample / 255);

/** The two pipelines of an operation. */
export interface PipelinePair {
  readonly fastPass: GPUComputePipeline;
  readonly exactPass: GPUComputePipeline;
}

/** What a device compiles: the shader module, the bind group layouts, and pipelines as they are asked for. */
export class Pipelines {
  readonly tuning: Tuning;
  readonly fastLayout: GPUBindGroupLayout;
  readonly exactLayout: GPUBindGroupLayout;
  readonly #device: GPUDevice;
  readonly #module: GPUShaderModule;
  /** The 256 quotients, then an empty list's header. */
  readonly #constants: GPUBuffer;
  readonly #compiled = new Map<string, Promise<GPUComputePipeline>>();

  /** @throws DeviceError where the device refuses one of the objects, or the shader does not compile */
  static create(device: GPUDevice, code = shaderCode, tuning = TUNING): Promise<Pipelines> {
    return withErrorScopes(device, () => new Pipelines(device, code, tuning));
  }

  private constructor(device: GPUDevice, code: string, tuning: Tuning) {
    this.tuning = tuning;
    this.#device = device;
    this.#module = device.createShaderModule({ label: 'neighbor-product', code });
    const bindings: GPUBufferBindingType[] = ['uniform', 'read-only-storage', 'storage'];
    this.fastLayout = layoutOf(device, 'fast pass', [...bindings, 'storage', 'read-only-storage']);
    this.exactLayout = layoutOf(device, 'exact pass', [...bindings, 'read-only-storage', 'read-only-storage']);
    this.#constants = device.createBuffer({
      label: 'constants',
      size: QUOTIENTS.byteLength + EMPTY_LIST.byteLength,
      usage: BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST,
    });
    device.queue.writeBuffer(this.#constants, 0, QUOTIENTS);
    device.queue.writeBuffer(this.#constants, QUOTIENTS.byteLength, EMPTY_LIST);
  }

  /** The quotients as a binding. */
  get quotients(): GPUBufferBinding {
    return { buffer: this.#constants, size: QUOTIENTS.byteLength };
  }

  /** Records that a list of undecided pixels becomes empty. */
  recordEmptyList(encoder: GPUCommandEncoder, list: GPUBuffer): void {
    encoder.copyBufferToBuffer(this.#constants, QUOTIENTS.byteLength, list, 0, EMPTY_LIST.byteLength);
  }

  /** The pipelines for images of this width, compiled when they are first asked for. */
  async pairFor(alpha: AlphaMode, region: Region, width: number): Promise<PipelinePair> {
    const { fastWorkgroupSize, rowsPerThread, exactWorkgroupSize } = this.tuning;
    const both = { alpha_mode: ALPHA_MODES.indexOf(alpha), exact_workgroup_size: exactWorkgroupSize };
    const [fastPass, exactPass] = await Promise.all([
      this.#pipeline('fast_pass', this.fastLayout, {
        ...both,
        has_pairs: Number(hasPairs(region, width)),
        fast_workgroup_size: fastWorkgroupSize,
        rows_per_thread: rowsPerThread,
        most_exact_workgroups: this.#device.limits.maxComputeWorkgroupsPerDimension,
      }),
      this.#pipeline('exact_pass', this.exactLayout, both),
    ]);
    return { fastPass, exactPass };
  }

  #pipeline(entryPoint: string, layout: GPUBindGroupLayout, constants: Record<string, number>) {
    const key = JSON.stringify([entryPoint, constants]);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const compiling = this.#device.createComputePipelineAsync({
      label: entryPoint,
      layout: this.#device.createPipelineLayout({ label: entryPoint, bindGroupLayouts: [layout] }),
      compute: { module: this.#module, entryPoint, constants },
    });
    this.#compiled.set(key, compiling);
    return compiling;
  }
}

function layoutOf(device: GPUDevice, label: string, types: GPUBufferBindingType[]): GPUBindGroupLayout {
  const entries = types.map((type, binding) => ({ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type } }));
  return device.createBindGroupLayout({ label, entries });
}

/** Input and output of a recording: buffers of one u32 per pixel, usage `STORAGE`. */
export interface Buffers {
  readonly input: GPUBuffer;
  readonly output: GPUBuffer;
}

/** Which of `passes` passes to record: from `first` up to, but not including, `end`. */
export interface PassRange {
  readonly first: number;
  readonly end: number;
  readonly passes: number;
}

/** What to record. */
export interface Recording {
  readonly pair: PipelinePair;
  readonly buffers: Buffers;
  /** The region that was set. */
  readonly region: Region;
  readonly range: PassRange;
  /** Where the number of exact pixels of each pass goes: a u32 each; usage `COPY_DST`. */
  readonly counts?: { readonly buffer: GPUBuffer; readonly offset: number };
  readonly timer?: PassTimer | undefined;
}

interface BindGroups {
  readonly fastPass: GPUBindGroup;
  readonly exactPass: GPUBindGroup;
}

/** The device memory that passes over an image of up to `pixels` pixels need besides input and output. */
export class Workspace {
  readonly pixels: number;
  readonly passes: number;
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #region: GPUBuffer;
  /** There is room for every pixel: the list cannot overflow. */
  readonly #undecided: GPUBuffer;
  /** Results between passes: none, one, or two in turn. */
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
    this.#undecided = buffer('undecided', LIST_HEADER_BYTES + byteLength, list);
    this.#between = Array.from({ length: Math.min(passes - 1, 2) }, () =>
      buffer('between passes', byteLength, BUFFER.STORAGE),
    );
  }

  /** Sets what the passes recorded next compute, in the order of the queue. */
  setRegion(region: Region, width: number): void {
    this.#device.queue.writeBuffer(this.#region, 0, regionWords(region, width));
  }

  /** Records passes, each a fast and an exact one, that wait for nothing from the host. */
  record(encoder: GPUCommandEncoder, { pair, buffers, region, range, counts, timer }: Recording): void {
    // Pixels that the border mode skips are never written, and later passes read them: they are 0.
    if (range.first === 0) for (const buffer of this.#between) encoder.clearBuffer(buffer);
    for (let pass = range.first; pass < range.end; pass++) {
      const groups = this.#bindGroupsOf(this.#buffersOf(pass, buffers, range.passes));
      this.#recordPass(encoder, pair, groups, region, timer?.writesOf(pass));
      if (counts === undefined) continue;
      const at = counts.offset + pass * Uint32Array.BYTES_PER_ELEMENT;
      encoder.copyBufferToBuffer(this.#undecided, LIST_COUNT_OFFSET, counts.buffer, at, Uint32Array.BYTES_PER_ELEMENT);
    }
  }

  destroy(): void {
    for (const buffer of [this.#region, this.#undecided, ...this.#between]) buffer.destroy();
  }

  #recordPass(
    encoder: GPUCommandEncoder,
    pair: PipelinePair,
    groups: BindGroups,
    region: Region,
    timestampWrites: GPUComputePassTimestampWrites | undefined,
  ): void {
    this.#pipelines.recordEmptyList(encoder, this.#undecided);
    const pass = encoder.beginComputePass({ label: 'neighbor-product', ...(timestampWrites && { timestampWrites }) });
    pass.setPipeline(pair.fastPass);
    pass.setBindGroup(0, groups.fastPass);
    pass.dispatchWorkgroups(...workgroupsFor(region, this.#device.limits, this.#pipelines.tuning));
    pass.setPipeline(pair.exactPass);
    pass.setBindGroup(0, groups.exactPass);
    pass.dispatchWorkgroupsIndirect(this.#undecided, 0);
    pass.end();
  }

  #buffersOf(pass: number, { input, output }: Buffers, passes: number): Buffers {
    return {
      input: pass === 0 ? input : this.#between[(pass - 1) % 2],
      output: pass === passes - 1 ? output : this.#between[pass % 2],
    };
  }

  #bindGroupsOf(buffers: Buffers): BindGroups {
    const known = this.#bindGroups.get(buffers.input)?.get(buffers.output);
    if (known !== undefined) return known;
    const created = this.#createBindGroups(buffers);
    const ofInput = this.#bindGroups.get(buffers.input) ?? new WeakMap<GPUBuffer, BindGroups>();
    this.#bindGroups.set(buffers.input, ofInput.set(buffers.output, created));
    return created;
  }

  #createBindGroups({ input, output }: Buffers): BindGroups {
    const { fastLayout, exactLayout, quotients } = this.#pipelines;
    const resources = [this.#region, input, output, this.#undecided].map((buffer) => ({ buffer }));
    // Memory of a single pixel has no pairs, but a binding must hold one.
    const pairs = input.size < 2 * PIXEL_BYTES ? quotients : { buffer: input };
    const create = (label: string, layout: GPUBindGroupLayout, bound: GPUBufferBinding[]) =>
      this.#device.createBindGroup({
        label,
        layout,
        entries: bound.map((resource, binding) => ({ binding, resource })),
      });
    return {
      fastPass: create('fast pass', fastLayout, [...resources, pairs]),
      exactPass: create('exact pass', exactLayout, [...resources, quotients]),
    };
  }
}

/** The widest image that one dispatch covers, in pixels. */
export function maxWidth(limits: GPUSupportedLimits): number {
  return limits.maxComputeWorkgroupsPerDimension * TUNING.fastWorkgroupSize * COLUMNS_PER_THREAD;
}

/** Workgroups in x, y and z over a region no wider than {@link maxWidth}: rows continue in z where y is full. */
export function workgroupsFor(
  { first, end }: Region,
  limits: Pick<GPUSupportedLimits, 'maxComputeWorkgroupsPerDimension'>,
  { fastWorkgroupSize, rowsPerThread }: Tuning = TUNING,
): [number, number, number] {
  const threads = Math.ceil(end.x / COLUMNS_PER_THREAD) - Math.floor(first.x / COLUMNS_PER_THREAD);
  const runs = Math.ceil((end.y - first.y) / rowsPerThread);
  const perLayer = Math.min(runs, limits.maxComputeWorkgroupsPerDimension);
  return [Math.ceil(threads / fastWorkgroupSize), perLayer, Math.ceil(runs / perLayer)];
}

/** `has_pairs` of fast_pass.wgsl. */
export function hasPairs({ first, end, beforeFirst, afterLast }: Region, width: number): boolean {
  return (
    width % 2 === 0 &&
    (first.x % 2 === 0 || beforeFirst.x === first.x - 1) &&
    (end.x % 2 === 0 || afterLast.x === end.x)
  );
}

/** `struct Region` of fast_pass.wgsl: four places and the width of a row, padded to a multiple of 8 bytes. */
export function regionWords({ first, end, beforeFirst, afterLast }: Region, width: number): Uint32Array<ArrayBuffer> {
  const places = [first, end, beforeFirst, afterLast].flatMap(({ x, y }) => [x, y]);
  return Uint32Array.of(...places, width, 0);
}

export const REGION_BYTES = 40;
