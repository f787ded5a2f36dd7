import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { endWithNx } from './nx-parent.js';

/** The code that a command named `train` ends with once its standard input does; undefined: it goes on. */
async function endOf(target: string | undefined, isPipe: boolean): Promise<number | undefined> {
  const stdin = new PassThrough();
  let code: number | undefined;
  const env = { NX_TASK_TARGET_TARGET: target };
  endWithNx('train', { env, stdin, isPipe: () => isPipe, exit: (given) => (code = given) });
  const ended = once(stdin.resume(), 'end');
  expect(code).toBeUndefined();
  stdin.end();
  await ended;
  return code;
}

describe('a command that Nx started', () => {
  it('ends when Nx is gone', async () => {
    expect(await endOf('train', true)).toBe(143);
  });

  it.each([
    ['it was started by hand', undefined, true],
    ['it runs inside another target, such as the tests', 'test', true],
    ['its input is no pipe of Nx', 'train', false],
  ])('goes on at the end of its input where %s', async (_, target, isPipe) => {
    expect(await endOf(target, isPipe)).toBeUndefined();
  });
});
