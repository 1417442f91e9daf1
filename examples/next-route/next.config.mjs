// @ts-check
export default {
  // Left in node_modules and not put into the bundle: the CPU addon lies beside the code there.
  serverExternalPackages: ['neighbor-product'],
  // For `output: 'standalone'` and for hosts that copy only the files a route needs: the addon is loaded by its path,
  // which Next.js cannot see.
  outputFileTracingIncludes: { '/api/product': ['node_modules/neighbor-product/prebuilds/**/*'] },
};
