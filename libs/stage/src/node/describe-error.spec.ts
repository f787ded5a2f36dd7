import { describe, expect, it } from 'vitest';
import { FlexattnError, StageError } from '../errors.js';
import { describeError } from './describe-error.js';

const systemError = (code: string) =>
  Object.assign(new Error(`${code}: text`), { code, errno: -1, path: 'f' });

class ToyError extends FlexattnError<'TOY'> {}

describe('the end of a command', () => {
  it.each([
    ['ours, default', new StageError('BAD_JSON', 'x'), 2],
    ['ours, 74', new StageError('DISK_FULL', 'x', { exitCode: 74 }), 74],
    ['of another lib', new ToyError('TOY', 'x', { exitCode: 1 }), 1],
    ['a full disk that nobody named', systemError('ENOSPC'), 74],
    ['a broken disk that nobody named', systemError('EIO'), 74],
    ['a folder that refuses us', systemError('EACCES'), 2],
    ['a file of ours that is missing', systemError('ENOENT'), 70],
    ['a name server', systemError('EAI_AGAIN'), 70],
    ['a bug', new TypeError('x'), 70],
    ['no error', 'x', 70],
    ['undefined', undefined, 70],
  ])('has an exit code: %s', (_, error, code) => {
    expect(describeError(error).exitCode).toBe(code);
  });

  it('shows one line for a mistake', () => {
    expect(describeError(new StageError('BAD_JSON', 'x\ny', { file: 'f' })).line).toBe(
      'error: f: x\\u000ay (BAD_JSON)',
    );
  });

  it('names the file of a failure of the machine', () => {
    expect(describeError(systemError('EIO')).line).toBe(
      'error: f: input or output failed with EIO (IO_FAILED)',
    );
  });

  it('shows the stack and the cause of a bug', () => {
    const text = describeError(new TypeError('outer', { cause: new Error('inner') })).line;
    expect(text).toMatch(/^internal error, please report it: TypeError: outer\n +at /);
    expect(text).toContain('inner');
  });

  it.each([['text'], [undefined], [null], [Symbol('s')], [Object.create(null)]])('shows %o', (thrown) => {
    expect(describeError(thrown).line).toMatch(/^internal error, please report it: ./);
  });
});
