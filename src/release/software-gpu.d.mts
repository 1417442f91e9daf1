export const softwareGpuExists: boolean;
export function unpackSoftwareGpu(): Record<string, string>;
export const SOFTWARE_GPU_FOLDER: string;
