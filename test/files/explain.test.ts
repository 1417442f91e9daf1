import { describe, expect, it } from 'vitest';
import { unreadable, unwritable } from '../../src/files/explain.js';

const PERMISSION = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
const ABSENT = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
const STRANGE = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

describe('an error of a file', () => {
  it.each([
    [unreadable('a.png', PERMISSION), /^Cannot read 'a\.png': permission denied\. Change/],
    [unreadable('-', STRANGE), /^Cannot read standard input: EIO: i\/o error\. Name another/],
    [unreadable('a.png', ABSENT), /^Cannot read 'a\.png': no such file\. Check/],
    [unreadable('https://b.org/a.png', ABSENT), /^Cannot read 'https:.*': it is a URL, and nothing is downloaded\. D/],
    [unreadable('out/*.png', ABSENT), /^Cannot read 'out\/\*\.png': the shell made no names of this pattern\. Check/],
    [unreadable('*.png', PERMISSION), /^Cannot read '\*\.png': permission denied\. Change/],
    [unwritable('b.png', PERMISSION), /^Cannot write 'b\.png': permission denied\. Change/],
    [unwritable('b.png', FULL), /^Cannot write 'b\.png': the disk is full\. Make room/],
    [unwritable('b.png', STRANGE), /^Cannot write 'b\.png': EIO: i\/o error\. Name another/],
  ])('%s', (error, message) => expect(error.message).toMatch(message));

  it('keeps its cause', () => expect(unreadable('a.png', PERMISSION).cause).toBe(PERMISSION));
});
