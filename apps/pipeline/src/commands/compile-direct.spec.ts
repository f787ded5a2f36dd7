import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const GOLDEN = fileURLToPath(new URL('../../../../libs/flexattn-runtime/golden', import.meta.url));
const CHECKPOINT = join(GOLDEN, 'grouped-heads');

let root: string;
let out: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flexattn-compile-'));
  out = join(root, 'compiled');
});
afterEach(() => {
  rmSync(root, { recursive: true });
  forgetCommands();
});

const compile = (...args: string[]) =>
  runCommand('compile', '--checkpoint', CHECKPOINT, '--out', out, ...args);
const manifest = () => JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as object;

describe('compile on paths', () => {
  it.each([
    [[], { selection: 'attention', threshold: 48, firstSelectingLayer: 1 }, 'float'],
    [
      ['--selection', 'random', '--share', '0.25', '--seed', '7'],
      { selection: 'random', share: 0.25, seed: 7 },
      'float',
    ],
    [
      ['--threshold', '60.5', '--first-layer', '2', '--precision', 'int4', '--block-size', '128'],
      { selection: 'attention', threshold: 60.5, firstSelectingLayer: 2 },
      'int4',
    ],
  ])('%j is what the artifact and the report say', async (flags, selection, precision) => {
    const { stdout } = await compile(...flags, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ out, settings: selection, precision });
    expect(manifest()).toMatchObject({ selection, precision });
  });

  it('tells people what fewer bits changed', async () => {
    const { stdout } = await compile('--precision', 'int8', '--selection', 'none');
    expect(stdout).toMatch(/^wrote \d+ files to .*\nselection none, .*\nprecision int8; graphs /);
    expect(stdout).toMatch(/\d+ matrices changed by 0\.\d\d % on average, \S+\.weight by /);
  });

  it('writes nothing in a dry run', async () => {
    expect((await compile('--dry-run')).stdout).toMatch(/^would write /);
    expect(existsSync(out)).toBe(false);
  });

  it.each<[string, string[], RegExp]>([
    ['no folder to write', ['--checkpoint', CHECKPOINT], /expected --checkpoint and --out together/],
    ['options of a checkpoint without one', ['--precision', 'int8'], /expected --checkpoint and --out/],
    ['an unknown selection', ['--selection', 'left'], /Allowed choices are attention/],
    ['another block size', ['--block-size', '64'], /expected 32 or 128/],
    ['a share beyond the whole', ['--checkpoint', CHECKPOINT, '--out', '/x', '--share', '2'], /from 0 to 1/],
    ['a figure that is none', ['--threshold', 'high'], /expected a number/],
  ])('refuses %s', async (_, args, message) => {
    await expect(runCommand('compile', ...args)).rejects.toThrow(message);
  });
});
