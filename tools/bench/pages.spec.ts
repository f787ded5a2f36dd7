import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchmarksPage } from './benchmarks-page.js';
import { resultOf } from './result.js';
import { scalingPage } from './scaling.js';

const root = resolve(import.meta.dirname, '../..');
const FACTS = { machine: 'a machine', versions: { 'Node.js': '20.1.2', torch: '2.3' }, date: '2024-01-02' };

describe('docs/benchmarks.md', () => {
  const result = resultOf({ work: 'reading', ours: [1], baseline: [4], against: 'Python', bound: 2 });
  const rooms = [{ name: 'eval', args: ['--items', '5'], results: [result] }];
  const page = (quick: boolean) => benchmarksPage({ ...FACTS, rooms, quick, minutes: 3.2 }, root);

  it('has machine, versions, date, command and one line for each result', async () => {
    const text = await page(false);
    expect(text).toMatch(/\| command +\| `npm run bench` \(3 min\)/);
    expect(text).toMatch(/\| date +\| 2024-01-02/);
    expect(text).toContain('Node.js 20.1.2, torch 2.3');
    expect(text).toMatch(/\| eval +\| reading \| 1 s +\| 4 s, Python \| 4 \(4 to 4\) +\| 1 +\| 2 +\|/);
    expect(text).toContain('npm run bench -- eval --items 5');
    expect(text).not.toContain('--quick');
  });

  it('says of small sizes that they are', async () => {
    expect(await page(true)).toContain('no figures to quote');
  });
});

describe('docs/scaling.md', () => {
  it('shows the drawing and the figures of each part', async () => {
    const curves = { title: 'Seconds', sizes: 'samples', values: 'seconds', points: [] };
    const part = { title: 'cleaning', text: 'How.', head: ['n', 's'], rows: [['1', '2']] };
    const parts = [{ ...part, drawings: { 'scaling-clean': curves } }];
    const text = await scalingPage(parts, FACTS, { root, quick: false });
    expect(text).toContain('## cleaning\n\nHow.\n\n![Seconds](scaling-clean.svg)');
    expect(text).toMatch(/\| 1 +\| 2 +\|/);
    expect(text).toContain('a machine; Node.js 20.1.2');
  });
});
