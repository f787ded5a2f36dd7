import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { sha256File } from '@flexattn/stage';
import { eventSchema } from '../src/events.js';
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
    // Nx may put the same receipt back; the artifacts beside it are never touched.
    const written = () =>
      STEPS.flatMap((step) =>
        receiptOf(step).files.map(({ path }) => statSync(join(ROOT, 'runs/tiny', step, path)).ino),
      );
    const before = written();
    const second = await nx('pipeline:all');
    expect(second.code, second.stdout + second.stderr).toBe(0);
    expect(second.stdout).toContain('for 8 out of 9 tasks');
    expect(written()).toEqual(before);
    const table = (text: string) =>
      text.slice(text.lastIndexOf('benchmark                metric'), text.lastIndexOf('report: '));
    expect(table(second.stdout)).toContain('flexattn');
    expect(table(second.stdout)).toBe(table(first.stdout));
  });

  it('runs the configuration that FLEXATTN_CONFIG names, and not another cached one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flexattn-config-'));
    const file = join(folder, 'elsewhere.json');
    const tiny = JSON.parse(readFileSync(join(ROOT, 'configs/tiny.json'), 'utf8')) as object;
    try {
      for (const verify of ['exists', 'header']) {
        writeFileSync(file, JSON.stringify({ ...tiny, clean: { verify } }));
        const ran = await runCommand('npx', ['nx', 'run', 'data-prep:clean'], {
          env: { FLEXATTN_CONFIG: file },
        });
        expect(ran.code, ran.stdout + ran.stderr).toBe(0);
        const receipt = readFileSync(join(ROOT, 'runs/elsewhere/clean/receipt.json'), 'utf8');
        expect(receipt).toContain(`"verify": "${verify}"`);
      }
    } finally {
      for (const left of [folder, join(ROOT, 'runs/elsewhere'), join(ROOT, '.flexattn/ran/elsewhere')]) {
        rmSync(left, { recursive: true, force: true });
      }
    }
  });

  it('writes one report file that needs nothing beside it', () => {
    const html = readFileSync(join(ROOT, 'runs/tiny/report/index.html'), 'utf8');
    expect(html).toContain('low-res');
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});

describe('the miniature of the paper', () => {
  interface Score {
    n: number;
    interval95: [low: number, high: number];
  }
  const scoresOf = (model: string) => {
    const file = join(ROOT, 'runs/tiny/eval', model, 'results.json');
    const { results } = JSON.parse(readFileSync(file, 'utf8')) as { results: Record<string, Score> };
    return new Map(Object.entries(results));
  };
  /** What is asked there is finer than the low-resolution picture can show; one of four answers is right. */
  const FINE = ['textvqa', 'vstar_direct_attributes', 'magnifier'];
  const CHANCE = 0.25;

  it.each(FINE)(
    '%s: FlexAttention beats the same training at low resolution by more than both intervals',
    (task) => {
      const [low, high] = [scoresOf('low-res').get(task), scoresOf('flexattn').get(task)];
      expect(high?.n).toBeGreaterThanOrEqual(100);
      expect(high?.interval95[0]).toBeGreaterThan(low?.interval95[1] ?? 1);
    },
  );

  it.each(FINE)('%s: low resolution alone is near chance', (task) => {
    expect(scoresOf('low-res').get(task)?.interval95[0]).toBeLessThanOrEqual(CHANCE + 0.05);
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
        .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, folder, entry.name, 'config.json')))
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

  it('--json is an event a line, on both streams, of stages that ran, were up to date, or failed', async () => {
    rmSync(join(ROOT, 'runs/tiny/eval/summary.json'));
    const events = async (...args: string[]) => {
      const { stdout, stderr } = await flexattn([...args, '--json']);
      return `${stdout}${stderr}`
        .trim()
        .split('\n')
        .map((line) => eventSchema.parse(JSON.parse(line)));
    };
    const all = await events('all', '--config', 'tiny');
    expect(all.filter(({ event }) => event === 'result')).toHaveLength(9);
    expect(all).toContainEqual({ event: 'note', text: 'clean: up to date' });
    expect(all).toContainEqual({ event: 'note', text: expect.stringMatching(/eval: .*damaged/) as string });
    const [failed] = await events('clean', '--annotations', 'no-such.json', '--images', '.', '--out', 'x');
    expect(failed).toMatchObject({ event: 'error', code: 'ANNOTATIONS_MISSING', exitCode: 2 });
  });

  it.each(['clean', 'init', 'train', 'compile', 'infer', 'eval', 'report'])(
    '%s --dry-run of the 7B configuration says what is missing, and writes nothing',
    async (stage) => {
      const dry = await flexattn([stage, '--config', 'llava-v1.5-7b-flexattn', '--dry-run', '--json']);
      expect(dry.code, dry.stderr).toBe(0);
      expect(dry.stdout).toContain('"present":false');
      expect(existsSync(join(ROOT, 'runs/llava-v1.5-7b-flexattn'))).toBe(false);
    },
  );
});
