export const softwareGpuExists: boolean;
export function unpackSoftwareGpu(): Record<string, string>;
