// For one test by hand: env $(node test/gpu/print-env.mjs) npx vitest run --config test/vitest.config.ts test/gpu
import { unpackSoftwareGpu } from '../../tools/software-gpu.mjs';

for (const [name, value] of Object.entries(unpackSoftwareGpu())) process.stdout.write(`${name}=${value} `);
