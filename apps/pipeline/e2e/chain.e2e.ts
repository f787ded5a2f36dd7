import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { sha256File } from '@flexattn/stage';
import { ROOT, flexattn, runCommand } from './command-line.js';

interface Receipt {
  files: { path: string; size: number; sha256: string }[];
}

const STEPS = ['clean', 'init', 'tokens', 'train', 'compile', 'items', 'infer', 'eval', 'report'];
const nx = (...args: string[]) => runCommand('npx', ['nx', 'run', ...args]);
const receiptOf = (step: string) =>
  JSON.parse(readFileSync(join(ROOT, 'runs/tiny', step, 'receipt.json'), 'utf8')) as Receipt;

describe('npx nx run pipeline:all', () => {
  const first = inject('firstRun');

  it('ends well and prints the score table and the path of the report last', () => {
    expect(first.code, first.stdout + first.stderr).toBe(0);
    const printed = first.stdout.slice(0, first.stdout.lastIndexOf('NX'));
    expect(printed).toMatch(/flexattn[\s\S]*report: runs\/tiny\/report\/index\.html/);
  });

  it.each(STEPS)('leaves the artifacts of %s beside a receipt that lists them', async (step) => {
    const folder = join(ROOT, 'runs/tiny', step);
    for (const file of receiptOf(step).files) {
      expect(await sha256File(join(folder, file.path)), file.path).toBe(file.sha256);
    }
  });

  it('puts neither clock, host nor absolute path into a receipt', () => {
    for (const step of STEPS)
      expect(readFileSync(join(ROOT, 'runs/tiny', step, 'receipt.json'), 'utf8')).not.toContain(ROOT);
  });

  it('is a full cache hit the second time, and prints the same scores', async () => {
    const second = await nx('pipeline:all');
    expect(second.code, second.stdout + second.stderr).toBe(0);
    const stages = STEPS.length - 2;
    expect(
      second.stdout.match(/\[(local cache|existing outputs match the cache, left as is)\]/g)?.length,
    ).toBeGreaterThanOrEqual(stages);
    expect(second.stdout + second.stderr).not.toMatch(/restored from the store|changed$/m);
    const table = (text: string) => text.slice(text.indexOf('benchmark'), text.indexOf('report: '));
    expect(table(second.stdout)).toBe(table(first.stdout));
  });

  it('mends an artifact that was deleted or damaged, and says so', async () => {
    const answers = join(ROOT, 'runs/tiny/infer/flexattn.jsonl');
    const before = await sha256File(answers);
    await rm(answers);
    await writeFile(answers, 'damaged');
    const healed = await nx('flexattn-runtime:infer');
    expect(healed.code, healed.stdout + healed.stderr).toBe(0);
    expect(healed.stdout + healed.stderr).toContain('restored from the store');
    expect(await sha256File(answers)).toBe(before);
  });

  it('writes one report file that needs nothing beside it', () => {
    const html = readFileSync(join(ROOT, 'runs/tiny/report/index.html'), 'utf8');
    expect(html).toContain('low-res');
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});

describe('the miniature of the paper', () => {
  interface Score {
    interval95: [number, number];
    n: number;
  }
  const results = () =>
    JSON.parse(readFileSync(join(ROOT, 'runs/tiny/eval/results.json'), 'utf8')) as {
      results: Record<string, Record<string, Record<string, unknown>>>;
    };

  it('FlexAttention beats the same training at low resolution by more than both intervals, on every benchmark', () => {
    const { results: byModel } = results();
    const tasks = Object.keys(byModel['flexattn'] ?? {});
    expect(tasks.length).toBeGreaterThanOrEqual(3);
    for (const task of tasks) {
      const flexattnScore = byModel['flexattn']?.[task] as unknown as Score;
      const lowRes = byModel['low-res']?.[task] as unknown as Score;
      expect(flexattnScore.n).toBeGreaterThan(50);
      expect(flexattnScore.interval95[0], task).toBeGreaterThan(lowRes.interval95[1]);
    }
  });
});

describe('flexattn', () => {
  const model = 'runs/tiny/compile/flexattn';
  const pictures = 'tools/tiny/world/benchmarks/textvqa/train_images';
  const image = () => join(pictures, readdirSync(join(ROOT, pictures))[0] ?? '');

  it('ask prints an answer', async () => {
    const asked = await flexattn([
      'ask',
      '--model',
      model,
      '--image',
      image(),
      'Which way do the stripes on the red plate run?',
    ]);
    expect(asked.code, asked.stderr).toBe(0);
    expect(asked.stdout.trim()).not.toBe('');
  });

  it('verify passes every golden folder, the training case included', async () => {
    const folders = ['libs/flexattn-runtime/golden', 'libs/train/golden'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, folder, entry.name, 'expected.json')))
        .map((entry) => join(folder, entry.name)),
    );
    const verified = await flexattn(['verify', '--golden', ...folders, '--json']);
    expect(verified.code, verified.stderr).toBe(0);
    const report = JSON.parse(verified.stdout) as {
      ok: boolean;
      cases: { case: string; training: unknown[] }[];
    };
    expect(report.ok).toBe(true);
    expect(report.cases.map(({ case: name }) => name)).toEqual(
      expect.arrayContaining([
        'zoom3-126px',
        'zoom2-182px',
        'selects-nothing',
        'llava-geometry-1008px',
        'training-batch',
      ]),
    );
    expect(report.cases.find(({ case: name }) => name === 'training-batch')?.training).toHaveLength(2);
  });

  it.each(['clean', 'init', 'train', 'compile', 'infer', 'eval', 'report'])(
    '%s --dry-run of the 7B configuration says what is missing, and writes nothing',
    async (stage) => {
      const dry = await flexattn([stage, '--config', 'llava-v1.5-7b-flexattn', '--dry-run', '--json']);
      expect(dry.code, dry.stderr).toBe(0);
      expect(dry.stdout).toContain('"present": false');
      expect(existsSync(join(ROOT, 'runs/llava-v1.5-7b-flexattn'))).toBe(false);
    },
  );
});
