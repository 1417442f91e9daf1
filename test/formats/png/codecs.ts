/** Every codec: where the native one is absent, that is a failure of whatever imports this. */

import type { PngCodec } from '../../../src/formats/png/codec.js';
import { loadNativeCodec } from '../../../src/formats/png/native-codec.js';
import { pngjsCodec } from '../../../src/formats/png/pngjs-codec.js';

const native = loadNativeCodec();
if ('reason' in native) throw new Error(`the tests need the native codec: ${native.reason}. Run npm ci.`);

export const CODECS: readonly PngCodec[] = [pngjsCodec, native.codec];
