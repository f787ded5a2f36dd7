import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FlexattnError, StageError } from '../errors.js';
import { toIoError } from './io-error.js';

const withCode = (code: string) => Object.assign(new Error(`${code}: system text`), { code, errno: -1 });

describe('toIoError', () => {
  it.each([
    ['ENOENT', 'FILE_MISSING', 2],
    ['ENOTDIR', 'FILE_MISSING', 2],
    ['EEXIST', 'FILE_MISSING', 2],
    ['ENAMETOOLONG', 'FILE_MISSING', 2],
    ['ELOOP', 'FILE_UNREADABLE', 2],
    ['EACCES', 'FILE_UNREADABLE', 2],
    ['EPERM', 'FILE_UNREADABLE', 2],
    ['EISDIR', 'NOT_A_FILE', 2],
    ['ENOSPC', 'DISK_FULL', 74],
    ['EDQUOT', 'DISK_FULL', 74],
    ['EROFS', 'IO_FAILED', 74],
    ['EMFILE', 'IO_FAILED', 74],
    ['EIO', 'IO_FAILED', 74],
    ['E2BIG', 'IO_FAILED', 74],
  ])('%s is %s, exit %i', (errno, code, exitCode) => {
    const cause = withCode(errno);
    const error = toIoError(cause, 'a\nb.json');
    expect(error).toMatchObject({ code, exitCode, file: 'a\nb.json', cause });
    expect(error.message).toMatch(new RegExp(`^a\\\\u000ab\\.json: .+ \\(${code}\\)$`));
  });

  it('knows a path with a zero byte, as a configuration may name one', async () => {
    const file = 'a\0b.json';
    const cause = await stat(file).catch((error: unknown) => error);
    expect(toIoError(cause, file)).toMatchObject({ code: 'FILE_MISSING', exitCode: 2 });
    expect(() => toIoError(cause, 'ab.json')).toThrow('null bytes');
  });

  it('keeps an error that is ours already', () => {
    class ToyError extends FlexattnError<'TOY'> {}
    for (const error of [new StageError('BAD_JSON', 'x'), new ToyError('TOY', 'x')]) {
      expect(toIoError(error, 'f')).toBe(error);
    }
  });

  it.each([
    ['a bug', new TypeError('x')],
    ["Node's own code", withCode('ERR_INVALID_ARG_TYPE')],
    ['a code that is no text', Object.assign(new Error('x'), { code: 5 })],
    ['no error', 'ENOENT'],
  ])('throws %s again', (_, cause) => {
    let thrown: unknown;
    try {
      toIoError(cause, 'f');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(cause);
  });
});
