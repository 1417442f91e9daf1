// Until errors say whether they are temporary.
import '../../dist/errors.js';

declare module '../../dist/errors.js' {
  interface NeighborProductError {
    readonly isTemporary: boolean;
  }
}
