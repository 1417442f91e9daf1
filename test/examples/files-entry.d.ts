// Until the entry neighbor-product/files is there.
declare module 'neighbor-product/files' {
  import type { TransformOptions } from 'neighbor-product';

  export function transformFile(input: string, output: string, options?: TransformOptions): Promise<object>;
}
