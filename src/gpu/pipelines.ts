/** What a device compiles: the shader module, the two bind group layouts, and a pair of pipelines for each alpha mode. */
import { ALPHA_MODES, type AlphaMode } from '../options.js';
import { withErrorScopes } from './error-scopes.js';
import { BUFFER, SHADER_STAGE_COMPUTE } from './flags.js';

/** The text of the three files in the folder `shaders` of the package, however it was loaded. */
export interface ShaderSources {
  /** `binary64.wgsl` */
  readonly binary64: string;
  /** `neighbor-product.wgsl` */
  readonly neighborProduct: string;
  /** `repair.wgsl` */
  readonly repair: string;
}

/** The passes of one alpha mode. */
export interface PipelinePair {
  readonly settle: GPUComputePipeline;
  readonly repair: GPUComputePipeline;
}

/** Sizes of workgroups and of a thread's work. They decide the speed, never the bytes. */
export const TUNING = { columnsPerWorkgroup: 64, rowsPerThread: 8, repairWorkgroupSize: 64 } as const;

/** The four words before the list of unsettled pixels: a dispatch of (0, 1, 1) workgroups, and no pixel. */
const EMPTY_LIST = Uint32Array.of(0, 1, 1, 0);
export const LIST_HEADER_BYTES = EMPTY_LIST.byteLength;
/** Where the header counts the pixels. */
export const LIST_COUNT_OFFSET = 12;

/** sample / 255 as the definition rounds it: a JavaScript number is a binary64. */
const QUOTIENTS = Float64Array.from({ length: 256 }, (_, sample) => sample / 255);

export class Pipelines {
  readonly settleLayout: GPUBindGroupLayout;
  readonly repairLayout: GPUBindGroupLayout;
  /** The 256 quotients, then an empty list's header. */
  readonly constants: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #module: GPUShaderModule;
  readonly #pairs = new Map<AlphaMode, Promise<PipelinePair>>();

  /** @throws Error where the device refuses one of the objects, or a shader does not compile */
  static create(device: GPUDevice, shaders: ShaderSources): Promise<Pipelines> {
    return withErrorScopes(device, () => new Pipelines(device, shaders));
  }

  private constructor(device: GPUDevice, { binary64, neighborProduct, repair }: ShaderSources) {
    this.#device = device;
    this.#module = device.createShaderModule({
      label: 'neighbor-product',
      code: [neighborProduct, binary64, repair].join('\n'),
    });
    const passes: GPUBufferBindingType[] = ['uniform', 'read-only-storage', 'storage'];
    this.settleLayout = layoutOf(device, 'settle', [...passes, 'storage']);
    this.repairLayout = layoutOf(device, 'repair', [...passes, 'read-only-storage', 'read-only-storage']);
    this.constants = device.createBuffer({
      label: 'constants',
      size: QUOTIENTS.byteLength + EMPTY_LIST.byteLength,
      usage: BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST,
    });
    device.queue.writeBuffer(this.constants, 0, QUOTIENTS);
    device.queue.writeBuffer(this.constants, QUOTIENTS.byteLength, EMPTY_LIST);
  }

  /** The quotients as a binding. */
  get quotients(): GPUBufferBinding {
    return { buffer: this.constants, size: QUOTIENTS.byteLength };
  }

  /** Records that a list of unsettled pixels becomes empty. */
  recordEmptyList(encoder: GPUCommandEncoder, list: GPUBuffer): void {
    encoder.copyBufferToBuffer(this.constants, QUOTIENTS.byteLength, list, 0, EMPTY_LIST.byteLength);
  }

  /** The pipelines for an alpha mode, compiled when they are first asked for. */
  forAlpha(alpha: AlphaMode): Promise<PipelinePair> {
    let pair = this.#pairs.get(alpha);
    if (pair === undefined) {
      pair = this.#compile(alpha);
      this.#pairs.set(alpha, pair);
    }
    return pair;
  }

  async #compile(alpha: AlphaMode): Promise<PipelinePair> {
    const both = {
      alpha_mode: ALPHA_MODES.indexOf(alpha),
      repair_workgroup_size: TUNING.repairWorkgroupSize,
    };
    const [settle, repair] = await Promise.all([
      this.#pipeline('settle', this.settleLayout, {
        ...both,
        columns_per_workgroup: TUNING.columnsPerWorkgroup,
        rows_per_thread: TUNING.rowsPerThread,
        most_repair_workgroups: this.#device.limits.maxComputeWorkgroupsPerDimension,
      }),
      this.#pipeline('repair', this.repairLayout, both),
    ]);
    return { settle, repair };
  }

  #pipeline(entryPoint: string, layout: GPUBindGroupLayout, constants: Record<string, number>) {
    return this.#device.createComputePipelineAsync({
      label: entryPoint,
      layout: this.#device.createPipelineLayout({ label: entryPoint, bindGroupLayouts: [layout] }),
      compute: { module: this.#module, entryPoint, constants },
    });
  }
}

function layoutOf(device: GPUDevice, label: string, types: GPUBufferBindingType[]): GPUBindGroupLayout {
  const entries = types.map((type, binding) => ({ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type } }));
  return device.createBindGroupLayout({ label, entries });
}
