import { describe, expect, it } from 'vitest';
import { unreadable, unwritable } from '../../src/files/explain.js';

const PERMISSION = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
const STRANGE = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

describe('an error of a file', () => {
  it.each([
    [unreadable('a.png', PERMISSION), /^Cannot read 'a\.png': permission denied\. Change/],
    [unreadable('-', STRANGE), /^Cannot read standard input: EIO: i\/o error\. Name another/],
    [unwritable('b.png', PERMISSION), /^Cannot write 'b\.png': permission denied\. Change/],
    [unwritable('b.png', FULL), /^Cannot write 'b\.png': the disk is full\. Make room/],
    [unwritable('b.png', STRANGE), /^Cannot write 'b\.png': EIO: i\/o error\. Name another/],
  ])('%s', (error, message) => expect(error.message).toMatch(message));

  it('keeps its cause', () => expect(unreadable('a.png', PERMISSION).cause).toBe(PERMISSION));
});
