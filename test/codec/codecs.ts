/** Every codec: where the native one is absent, that is a failure of whatever imports this. */
import { loadNativeCodec } from '../../src/codec/native-codec.js';
import type { PngCodec } from '../../src/codec/png-codec.js';
import { pngjsCodec } from '../../src/codec/pngjs-codec.js';

const native = loadNativeCodec();
if ('reason' in native) throw new Error(`the tests need the native codec: ${native.reason}. Run npm ci.`);

export const CODECS: readonly PngCodec[] = [pngjsCodec, native.codec];
