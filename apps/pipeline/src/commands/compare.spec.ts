import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { scoreAnswers, writeItems } from '@flexattn/eval';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../command.js';
import { runDifference } from '../run-difference.js';

let folder = '';
const at = (...names: string[]) => join(folder, ...names);

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** Two runs of V* with ten items, 5 + 5: `first` (models old and new) and `second` (model new). */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compare-'));
  const parts = ['direct_attributes', 'relative_position'];
  for (const part of parts) {
    for (let i = 0; i < 5; i += 1) {
      const question = { question: `Which, ${i}?`, options: ['right', 'wrong'] };
      await put(at('vstar/vstar_bench', part, `sa_${i}.json`), JSON.stringify(question));
      await put(at('vstar/vstar_bench', part, `sa_${i}.png`), `${part} ${i}`);
    }
  }
  const benchmarks = { vstar: { path: at('vstar') } };
  await writeItems({ benchmarks, out: at('items'), root: folder, quiet: true });
  const items = at('items/items.jsonl');
  const ids = (await readFile(items, 'utf8')).trim().split('\n');
  const answersOf = async (name: string, digits: string) => {
    const lines = ids.map((line, i) => {
      const { id } = JSON.parse(line) as { id: string };
      return `${JSON.stringify({ id, losses: digits[i] === '1' ? [0, 1] : [1, 0] })}\n`;
    });
    await put(at(`${name}.jsonl`), lines.join(''));
    return at(`${name}.jsonl`);
  };
  const old = await answersOf('old', '1111111111');
  const fallen = await answersOf('fallen', '1111100000');
  await scoreAnswers({ benchmarks, items, answers: { old, new: old }, out: at('runs/first/eval') });
  await scoreAnswers({ benchmarks, items, answers: { new: fallen }, out: at('runs/second/eval') });
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs `flexattn compare` in the workspace; what it prints, and its error. */
async function compare(...args: string[]) {
  const printed: string[] = [];
  const write = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => printed.push(String(text)) > 0);
  const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder);
  let error: unknown;
  try {
    await createProgram('0').parseAsync(['compare', ...args], { from: 'user' });
  } catch (caught) {
    error = caught;
  } finally {
    for (const spy of [write, errors, cwd]) spy.mockRestore();
  }
  return { text: printed.join(''), error };
}

interface Printed {
  ok: boolean;
  failures: string[];
  comparisons: { a: string; b: string; flips: unknown[] }[];
}

describe('flexattn compare', () => {
  it('compares the models that two runs have in common', async () => {
    const { text, error } = await compare('first', 'second');
    expect(error).toBeUndefined();
    expect(text).toMatch(/^second:new minus first:new, on the same items\n/);
    expect(text).toMatch(/^vstar +accuracy_plain +10 +-50\.0 .* 0\.063 +0 +5$/m);
  });

  it('compares two folders of models, whatever their names', async () => {
    const { text, error } = await compare('runs/first/eval/old', at('runs/second/eval'), '--json');
    expect(error).toBeUndefined();
    const { ok, comparisons } = JSON.parse(text) as Printed;
    expect(ok).toBe(true);
    expect(comparisons).toHaveLength(1);
    expect(comparisons[0]?.flips).toHaveLength(5);
  });

  it.each([
    [['--fail-below', 'vstar=0.51'], /50\.00 %, the limit is 51\.00 %/],
    [['--fail-below', 'vstar=0.4', '--fail-below', 'accuracy_plain=0.2'], /vstar_relative_position/],
    [['--fail-on-regression', '0.1'], /fell by/],
  ])('fails with %j, exit code 1', async (flags, message) => {
    const { text, error } = await compare('first', 'second', '--json', ...flags);
    expect(error).toMatchObject({
      code: 'GATE_FAILED',
      exitCode: 1,
      message: expect.stringMatching(message) as string,
    });
    const { ok, failures } = JSON.parse(text) as Printed;
    expect([ok, failures.length > 0]).toEqual([false, true]);
  });

  it.each([
    [['--fail-below', 'vstar=0.5']],
    [['--fail-on-regression', '0.05']],
    [['--model', 'new', '--seed', '7']],
  ])('passes with %j', async (flags) => {
    expect((await compare('first', 'second', ...flags)).error).toBeUndefined();
  });

  it.each([
    [['first', 'third'], /"third" is no evaluation/],
    [['first', '../first'], /"\.\.\/first" is no evaluation/],
    [['first', 'second', '--model', 'old'], /no such model in common; first has old, new; second has new/],
  ])('refuses %j, exit code 2', async (args, message) => {
    const { error } = await compare(...args);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) as string });
  });

  it.each(['vstar', '=1', 'vstar=', 'vstar=50', 'vstar=nan'])('refuses --fail-below %s', async (limit) => {
    const { error } = await compare('first', 'second', '--fail-below', limit);
    expect(error).toMatchObject({ code: 'commander.invalidArgument' });
  });
});

describe('flexattn diff of runs that eval has scored', () => {
  it.each([
    ['by name', 'first', 'second'],
    ['by file', 'configs/first.json', 'configs/second.json'],
  ])('compares their scores, named %s', async (_, a, b) => {
    await put(at('nx.json'), '{}');
    const tiny = await readFile(new URL('../../../../configs/tiny.json', import.meta.url), 'utf8');
    for (const name of ['first', 'second']) await put(at(`configs/${name}.json`), tiny);
    const { scores } = await runDifference(a, b, folder);
    expect(scores?.comparisons).toHaveLength(1);
    expect(scores?.text).toContain('vstar_relative_position');
  });
});
