/** What an adapter is, in words and for choosing. */

/** The fields of `GPUAdapterInfo`, of which any may be empty, and what they mean for choosing. */
export interface AdapterDescription {
  /** As `nvidia`. */
  readonly vendor: string;
  /** As `hopper`. */
  readonly architecture: string;
  /** The vendor's number or name for it. */
  readonly device: string;
  /** As `NVIDIA H100`. */
  readonly description: string;
  /** Whether it computes on the CPU: correct, but slower than the cpu backend. */
  readonly software: boolean;
}

const SOFTWARE_NAMES = /swiftshader|llvmpipe|lavapipe|software|\bwarp\b|basic render/i;

export function describeAdapter(info: GPUAdapterInfo): AdapterDescription {
  const { vendor, architecture, device, description } = info;
  const software =
    info.isFallbackAdapter === true || SOFTWARE_NAMES.test([vendor, architecture, device, description].join(' '));
  return { vendor, architecture, device, description, software };
}

/** `NVIDIA H100 (nvidia hopper)`: the most telling name first, then what it does not say yet. */
export function adapterText({ vendor, architecture, device, description, software }: AdapterDescription): string {
  const name = description || device || 'adapter without a name';
  const rest = [vendor, architecture].filter((word) => word !== '' && !name.toLowerCase().includes(word.toLowerCase()));
  if (software) rest.push('in software');
  return rest.length === 0 ? name : `${name} (${rest.join(' ')})`;
}

/**
 * The best adapter, or null: discrete GPUs come before integrated ones, and these before software.
 * Without a preference the order is unspecified.
 */
export function requestBestAdapter(gpu: GPU): Promise<GPUAdapter | null> {
  return gpu.requestAdapter({ powerPreference: 'high-performance' });
}

/** Every adapter that answers, the best first. WebGPU has no list: each way of asking gives one. */
export async function requestAdapters(gpu: GPU): Promise<GPUAdapter[]> {
  const found = new Map<string, GPUAdapter>();
  const ways: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ];
  for (const way of ways) {
    const adapter = await gpu.requestAdapter(way);
    if (adapter === null) continue;
    const text = adapterText(describeAdapter(adapter.info));
    if (!found.has(text)) found.set(text, adapter);
  }
  return [...found.values()];
}
