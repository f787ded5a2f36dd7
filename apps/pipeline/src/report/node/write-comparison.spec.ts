import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRun, put } from './run.fixture.js';
import { writeComparison } from './write-comparison.js';

let folder = '';
const runs = () => [join(folder, 'a'), join(folder, 'b')] as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'comparison-'));
  for (const [i, run] of runs().entries()) {
    const { config } = await makeRun(run);
    const train = { ...config.train, learningRate: (i + 1) / 1000 };
    const receipt = { parameters: { run, models: config.models, train } };
    await put(join(run, 'report/receipt.json'), JSON.stringify(receipt));
  }
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

describe('writeComparison', () => {
  it('puts the models of both runs side by side, with their settings', async () => {
    const [a] = runs();
    const out = join(folder, 'page');
    const { samples } = await writeComparison({ runs: runs(), root: a, out });
    const page = await readFile(join(out, 'index.html'), 'utf8');
    expect(samples).toBe(18);
    for (const model of ['a: base', 'a: flexattn', 'b: base', 'b: flexattn'])
      expect(page).toContain(`${model}</th>`);
    expect(page).toContain('b: flexattn minus a: flexattn on the same questions');
    expect(
      page.match(/train\.learningRate<\/code><\/th>\s*<td>0\.001<\/td>\s*<td>0\.002<\/td>/),
    ).not.toBeNull();
    expect(page).toContain('<option value="b: flexattn" selected>');
    expect(page).toContain('<option value="a: flexattn" selected>');
  });

  it('numbers runs of the same name', async () => {
    const [a] = runs();
    await writeComparison({ runs: [a, a], root: a, out: join(folder, 'twice') });
    const page = await readFile(join(folder, 'twice/index.html'), 'utf8');
    expect(page).toContain('a (2): flexattn minus a (1): flexattn');
    expect(page).not.toContain(folder);
  });

  it('refuses a run that has no report', async () => {
    const [a] = runs();
    const out = join(folder, 'none');
    await expect(writeComparison({ runs: [a, join(folder, 'c')], root: a, out })).rejects.toThrow(
      /c\/report\/receipt\.json.*\(FILE_MISSING\)/,
    );
  });
});
