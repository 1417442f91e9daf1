import { describe, expect, it } from 'vitest';
import { unreadable, unwritable } from '../../src/codec/file-errors.js';

const PERMISSION = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
const STRANGE = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

describe('an error of a file', () => {
  it.each([
    [unreadable('a.png', PERMISSION), /^Expected to read 'a\.png', but there is no permission to read it\. Change/],
    [unreadable('-', STRANGE), /^Expected to read standard input, but the system says: EIO: i\/o error\. Name another/],
    [unwritable('b.png', PERMISSION), /^Expected to write 'b\.png', but there is no permission to write it\. Change/],
    [unwritable('b.png', FULL), /^Expected to write 'b\.png', but the disk is full\. Make room/],
    [unwritable('b.png', STRANGE), /^Expected to write 'b\.png', but the system says: EIO: i\/o error\. Name another/],
  ])('%s', (error, message) => expect(error.message).toMatch(message));

  it('keeps its cause', () => expect(unreadable('a.png', PERMISSION).cause).toBe(PERMISSION));
});
