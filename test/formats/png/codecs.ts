/** Both ways to decode and encode rows, for tests that run with each. */
import { chooseRowCodec, plainRowCodec, type RowCodec } from '../../../src/formats/png/row-codec.js';

const addon = chooseRowCodec();
if (addon === plainRowCodec) throw new Error('the addon is missing: run node tools/set-up.mjs');

export const CODECS: readonly { readonly name: string; readonly codec: RowCodec }[] = [
  { name: 'the addon', codec: addon },
  { name: 'JavaScript', codec: plainRowCodec },
];
