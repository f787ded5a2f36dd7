import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const CASE = join(
  fileURLToPath(new URL('../../../../libs/flexattn-runtime/golden', import.meta.url)),
  'half-precision',
);

afterEach(forgetCommands);

describe('verify --golden', () => {
  it.each([
    ['the step graphs', []],
    ['the loop graph, as CUDA runs it', ['--graphs', 'loop']],
  ])('runs a case by %s', async (_, flags) => {
    const { stdout } = await runCommand('verify', '--golden', CASE, ...flags);
    expect(stdout).toMatch(/^ok {3}half-precision: image0.png 2 tokens, logits \d\.\de-\d; image1.png /);
  });

  it.each([
    ['another graph', '--graphs', 'whole'],
    ['another device', '--device', 'tpu'],
  ])('refuses %s', async (_, flag, name) => {
    await expect(runCommand('verify', '--golden', CASE, flag, name)).rejects.toThrow(
      `option '${flag} <name>' argument '${name}' is invalid`,
    );
  });
});
