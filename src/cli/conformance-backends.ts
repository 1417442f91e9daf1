/** In a file of its own, so that the option table loads no backend. */
export const CONFORMANCE_BACKENDS = ['all', 'gpu', 'cpu'] as const;
export type ConformanceBackends = (typeof CONFORMANCE_BACKENDS)[number];
