import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { scoreAnswers, writeItems, type BenchmarkSetting } from '@flexattn/eval';
import sharp from 'sharp';
import type { RunSetup } from '../setup.js';
import type { ReportOptions } from './write-report.js';

/** Questions, answers and names that try to break out of the page. */
export const SCRIPT = `<script>document.title = 'run'; alert('run')</script>`;
export const IMAGE = `"><img src="https://example.org/x.png" onerror="document.title = 'run'">`;

const config: RunSetup = {
  data: { annotations: `data/${IMAGE}.json` },
  checkpoint: 'base',
  init: { extra: { lowres_size: '63', highres_size: '189', select_from_layer: '1' } },
  models: [
    { name: 'base', trained: false, selection: 'none' },
    { name: 'low-res', trained: true, selection: 'none' },
    { name: 'flexattn', trained: true, selection: 'attention' },
  ],
  train: { steps: 20, batchSize: 4, learningRate: 1e-3, freeze: ['vision_tower'], seed: 1 },
};

/** V* pictures: their sizes, and the regions that layers 1, 2 and 3 choose in each. */
const WIDE = { width: 180, height: 100 };
const CHOSEN = [[18, 40], [40], [40, 0]];

/** Writes a file and the folders above it. */
export async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const jsonLines = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Small benchmarks in their published formats; the questions of one try to break out of the page. */
async function makeBenchmarks(root: string, more: number): Promise<Record<string, BenchmarkSetting>> {
  const white = (size: { width: number; height: number }) =>
    sharp({ create: { ...size, channels: 3, background: 'white' } });
  for (let i = 0; i < 6; i += 1) {
    const stem = join(root, 'vstar/vstar_bench/direct_attributes', `sa_${i}`);
    await put(`${stem}.png`, await white(WIDE).png().toBuffer());
    await put(
      `${stem}.json`,
      JSON.stringify({ question: 'Which way?', options: ['up', 'down', 'left', 'right'] }),
    );
    const other = join(root, 'vstar/vstar_bench/relative_position', `sa_${i}`);
    await put(`${other}.png`, await white({ width: 100, height: 180 }).png().toBuffer());
    await put(`${other}.json`, JSON.stringify({ question: 'Which side?', options: [SCRIPT, IMAGE] }));
  }
  const data = Array.from({ length: 6 }, (_, i) => ({
    question_id: i,
    question: i % 2 === 0 ? SCRIPT : IMAGE,
    image_id: `picture${i}`,
    answers: Array.from({ length: 10 }, () => (i % 2 === 0 ? IMAGE : 'red')),
  }));
  await put(join(root, 'textvqa/TextVQA_0.5.1_val.json'), JSON.stringify({ data }));
  for (const { image_id } of data) {
    await put(
      join(root, `textvqa/train_images/${image_id}.jpg`),
      await white({ width: 90, height: 90 }).jpeg().toBuffer(),
    );
  }
  return {
    textvqa: { path: join(root, 'textvqa'), protocol: 'plain' },
    vstar: { path: join(root, 'vstar') },
    ...(more === 0 ? {} : { many: await makeMany(root, more) }),
  };
}

/** As many items as asked for, over pictures that have no room in the page together. */
async function makeMany(root: string, count: number): Promise<BenchmarkSetting> {
  const side = 60;
  for (let picture = 0; picture < PICTURES; picture += 1) {
    const pixels = Buffer.from(
      Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * i * (picture + 7)) >> 3),
    );
    const raw = { width: side, height: side, channels: 3 } as const;
    await put(
      join(root, `many/${picture}.png`),
      await sharp(pixels, { raw }).png({ compressionLevel: 0 }).toBuffer(),
    );
  }
  const lines = Array.from({ length: count }, (_, i) => ({
    id: `item-${i}`,
    image: `${i % PICTURES}.png`,
    question: `What is number ${i}, the ${i % 97}th of its kind?`,
    answers: ['red'],
  }));
  await put(join(root, 'many/many.jsonl'), jsonLines(lines));
  return { path: join(root, 'many/many.jsonl'), metric: 'exact' };
}

/** Of 11 kB each. */
const PICTURES = 300;

/** A run up to its scores, with `more` items of a benchmark of one's own; FlexAttention is right but for the first item of each kind, the others hardly ever. */
export async function makeRun(root: string, more = 0): Promise<ReportOptions> {
  const benchmarks = await makeBenchmarks(root, more);
  await writeItems({ benchmarks, out: join(root, 'items'), root, quiet: true });
  const items = join(root, 'items/items.jsonl');
  const asked = (await readFile(items, 'utf8')).trim().split('\n');
  const answers = await putAnswers(root, asked);
  await scoreAnswers({ benchmarks, items, answers, out: join(root, 'eval'), seed: 1 });
  await putLosses(root);
  const clean = {
    samples: 12,
    kept: 10,
    untouched: 7,
    changed: { TAG_ADDED: 3 },
    dropped: { BAD_SHAPE: 2 },
    sources: {},
  };
  await put(join(root, 'clean/report.json'), JSON.stringify(clean));
  return {
    run: SCRIPT,
    config,
    scores: join(root, 'eval'),
    items,
    root,
    inferred: join(root, 'infer'),
    cleanReport: join(root, 'clean/report.json'),
    training: join(root, 'train'),
    out: join(root, 'report'),
    notes: [IMAGE],
  };
}

/** A file of answers for every model, right where FlexAttention is; their paths by model. */
async function putAnswers(root: string, asked: readonly string[]): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const { name, selection } of config.models) {
    const layers = CHOSEN.map((rows, i) => ({ layer: i + 1, rows }));
    const regions = {
      grid: 9,
      hd: 72,
      steps: selection === 'attention' ? [layers, [{ layer: 1, rows: [80] }]] : [],
    };
    const lines = asked.map((text, i) => {
      const { id, options: choices } = JSON.parse(text) as { id: string; options?: string[] };
      const right = selection === 'attention' && i % 6 !== 0;
      if (choices === undefined)
        return { id, text: right && i % 2 === 1 ? 'red' : SCRIPT, tokens: [1], finish: 'stop', regions };
      return {
        id,
        losses: choices.map((_, option) => (option === (right ? 0 : 1) ? 0.25 : 1.5 + option)),
        best: 0,
        regions,
      };
    });
    const file = join(root, 'infer', `${name}.jsonl`);
    await put(file, jsonLines(lines));
    answers[name] = file;
  }
  return answers;
}

/** Metrics of both trainings. */
async function putLosses(root: string): Promise<void> {
  for (const model of ['low-res', 'flexattn']) {
    const losses = Array.from({ length: 20 }, (_, i) => ({
      step: i + 1,
      loss: 2 / (i + 1),
      learningRate: 1e-3,
    }));
    await put(join(root, 'train', model, 'metrics.jsonl'), jsonLines(losses));
  }
}
