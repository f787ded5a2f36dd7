import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  answerItems,
  openAnswerStore,
  scoreAnswers,
  textVqaAccuracy,
  writeItems,
  type Model,
} from '@flexattn/eval';
import { createAtomicFile, runProgram } from '@flexattn/stage';
import { limitedResult, resultOf, type BenchResult } from './result.js';

/** How much work is measured, and how often. */
export interface EvalBenchOptions {
  /** Runs of each side of the scoring; default 7. */
  repeats?: number | undefined;
  /** TextVQA items that are scored; default 5,000. */
  items?: number | undefined;
  /** Items that are scored again from kept answers; default 10,000. */
  kept?: number | undefined;
  /** Megabytes of base64 pictures; default 300. */
  megabytes?: number | undefined;
  /** A Python 3; nothing but its standard library is used. */
  python?: string | undefined;
}

/** Seconds: the median, and how far the runs lie apart. */
interface Seconds {
  median: number;
  low: number;
  high: number;
  times: readonly number[];
}

/** What was measured; bounds are those of the room's issue of speed. */
export interface EvalBench {
  scoring: { ours: Seconds; python: Seconds; ratio: number; sameMean: boolean };
  rescoring: { items: number; seconds: Seconds };
  loading: { megabytes: number; ours: Peak; python: Peak };
}

interface Peak {
  seconds: number;
  peakMB: number;
}

const ROOT = workspaceAbove(import.meta.dirname);
const BASELINE = join(ROOT, 'tools/bench/eval_baseline.py');
const WORDS =
  'stop red nokia coca-cola the one a 7 main street dont left pepsi 10:30 yes canon no exit blue 2014'.split(
    ' ',
  );

/** Measures scoring against Python, scoring again from kept answers, and the memory of loading 300 MB of pictures. */
export async function run(options: EvalBenchOptions = {}): Promise<EvalBench> {
  const { repeats = 7, items = 5000, kept = 10_000, megabytes = 300 } = options;
  const python = options.python ?? process.env['FLEXATTN_PYTHON'] ?? 'python3';
  const folder = await mkdtemp(join(tmpdir(), 'bench-eval-'));
  try {
    return {
      scoring: await benchScoring(folder, python, items, repeats),
      rescoring: { items: kept, seconds: await benchRescoring(folder, kept) },
      loading: { megabytes, ...(await benchLoading(folder, python, megabytes)) },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `npm run bench -- eval`: prints both sides and the bounds. */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const quick = args.includes('--quick');
  const { scoring, rescoring, loading } = await run(quick ? { repeats: 3, megabytes: 60 } : {});
  const lines = [
    `scoring 5,000 TextVQA items   ours ${shown(scoring.ours)}, Python ${shown(scoring.python)}`,
    `                              ${scoring.ratio.toFixed(1)} times as fast (at least 10), ${scoring.sameMean ? 'the same mean' : 'ANOTHER MEAN'}`,
    `scoring ${rescoring.items} items again     ${shown(rescoring.seconds)} (at most 2 s)`,
    `loading ${loading.megabytes} MB of pictures     ours ${peak(loading.ours)} (at most 200 MB), Python's json ${peak(loading.python)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  const pictures = { work: `load ${loading.megabytes} MB of pictures: peak memory`, unit: 'bytes' } as const;
  const peaks = [loading.ours.peakMB * 2 ** 20];
  return [
    resultOf({
      work: 'score 5,000 TextVQA items',
      ours: scoring.ours.times,
      baseline: scoring.python.times,
      against: 'Python',
      bound: 10,
    }),
    limitedResult({
      work: `score ${rescoring.items} items again from kept answers`,
      ours: rescoring.seconds.times,
      limit: 2,
    }),
    resultOf({
      ...pictures,
      ours: peaks,
      baseline: [loading.python.peakMB * 2 ** 20],
      against: "Python's json",
    }),
    limitedResult({ ...pictures, ours: peaks, limit: 200 * 2 ** 20 }),
  ];
}

interface Pair {
  prediction: string;
  answers: string[];
}

/** Answers as annotators give them: mostly the same, some with other marks, articles or words. */
function pairs(count: number): Pair[] {
  let state = 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const phrase = () => Array.from({ length: 1 + next(3) }, () => WORDS[next(WORDS.length)]).join(' ');
  const varied = (text: string) =>
    [text, text, text, `${text}.`, text.toUpperCase(), `the ${text}`, phrase(), `"${text}"`][next(8)] ?? text;
  return Array.from({ length: count }, () => {
    const truth = phrase();
    return { prediction: varied(truth), answers: Array.from({ length: 10 }, () => varied(truth)) };
  });
}

/** Both sides in turn, so that whatever else the machine does falls on both. */
async function benchScoring(folder: string, python: string, items: number, repeats: number) {
  const all = pairs(items);
  const file = join(folder, 'pairs.jsonl');
  await writeFile(file, all.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  const ours: number[] = [];
  const theirs: number[] = [];
  const means = new Set<number>();
  for (let i = 0; i < repeats; i += 1) {
    const start = performance.now();
    const scores = all.map(({ prediction, answers }) => textVqaAccuracy(prediction, answers));
    ours.push((performance.now() - start) / 1000);
    means.add(scores.reduce((sum, score) => sum + score, 0) / scores.length);
    const scored = await says<{ seconds: number; mean: number }>(python, [BASELINE, 'score', file]);
    theirs.push(scored.seconds);
    means.add(scored.mean);
  }
  const [a, b] = [secondsOf(ours), secondsOf(theirs)];
  return { ours: a, python: b, ratio: b.median / a.median, sameMean: means.size === 1 };
}

/** From kept answers to results.json: no model is asked, all is read, scored, resampled and written. */
async function benchRescoring(folder: string, count: number): Promise<Seconds> {
  const data = pairs(count).map(({ prediction, answers }, i) => ({
    question_id: i,
    question: `what does ${i} say, ${prediction}?`,
    image_id: `p${i % 1000}`,
    answers,
  }));
  await mkdir(join(folder, 'textvqa/train_images'), { recursive: true });
  for (let i = 0; i < 1000; i += 1)
    await writeFile(join(folder, `textvqa/train_images/p${i}.jpg`), `picture ${i}`);
  await writeFile(join(folder, 'textvqa/TextVQA_0.5.1_val.json'), JSON.stringify({ data }));
  const benchmarks = { textvqa: { path: join(folder, 'textvqa') } };
  await writeItems({ benchmarks, out: join(folder, 'items'), root: folder, quiet: true });
  const items = join(folder, 'items/items.jsonl');
  const model: Model = {
    generate: ({ prompt }) => Promise.resolve({ text: /, (.*)\?\n/.exec(prompt)?.[1] ?? '', finish: 'stop' }),
    scoreOptions: () => Promise.resolve({ losses: [] }),
  };
  const out = join(folder, 'm.jsonl');
  const times: number[] = [];
  // The first run asks the model; it is not counted.
  for (let i = 0; i < 4; i += 1) {
    const start = performance.now();
    const store = await openAnswerStore({ folder: join(folder, 'answers'), weights: 'w', settings: {} });
    await answerItems({ items, model, out, root: folder, store, quiet: true });
    await store.close();
    await scoreAnswers({ benchmarks, items, answers: { m: out }, out: join(folder, 'scores'), seed: 1 });
    times.push((performance.now() - start) / 1000);
  }
  return secondsOf(times.slice(1));
}

/** Each side in a process of its own, which tells the most memory that it ever had. */
async function benchLoading(folder: string, python: string, megabytes: number) {
  const path = join(folder, 'MagnifierBench');
  await writeMagnifier(path, megabytes);
  const code = `
    import { writeItems } from '@flexattn/eval';
    const start = performance.now();
    await writeItems({ benchmarks: { magnifier: { path: ${JSON.stringify(path)} } }, out: ${JSON.stringify(join(folder, 'loaded'))}, quiet: true });
    console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, peakMB: process.resourceUsage().maxRSS / 1024 }));
  `;
  const ours = await says<Peak>(process.execPath, ['--input-type=module', '--eval', code]);
  return { ours, python: await says<Peak>(python, [BASELINE, 'load', path]) };
}

/** Pictures of 5 MB of base64, three questions about each. */
async function writeMagnifier(path: string, megabytes: number): Promise<void> {
  const pictures = Math.ceil(megabytes / 5);
  const bytes = Buffer.alloc(3_750_000, 'picture');
  bytes.write('89504e470d0a1a0a', 'hex');
  await mkdir(path, { recursive: true });
  const file = await createAtomicFile(join(path, 'images.json'));
  for (let i = 0; i < pictures; i += 1) {
    bytes.writeUInt32LE(i, 8);
    await file.write(`${i === 0 ? '{' : ','}"I_${i}":"${bytes.toString('base64')}"`);
  }
  await file.write('}');
  await file.commit();
  const data = Array.from({ length: 3 * pictures }, (_, i) => [
    `M_${i}`,
    {
      instruction: 'Which? A. red, B. blue, C. green, D. none',
      answer: 'A',
      image_ids: [`I_${i % pictures}`],
    },
  ]);
  await writeFile(
    join(path, 'data_instructions.json'),
    JSON.stringify({ data: Object.fromEntries(data) as unknown }),
  );
}

/** This file runs from `tools/dist` too. */
function workspaceAbove(folder: string): string {
  return existsSync(join(folder, 'nx.json')) ? folder : workspaceAbove(dirname(folder));
}

/** What a program of ours prints last. */
async function says<T>(program: string, args: readonly string[]): Promise<T> {
  const { stdoutTail } = await runProgram(program, args, { cwd: ROOT });
  return JSON.parse(stdoutTail.at(-1) ?? '') as T;
}

function secondsOf(times: readonly number[]): Seconds {
  const sorted = [...times].sort((a, b) => a - b);
  return {
    median: sorted[sorted.length >> 1] ?? NaN,
    low: sorted[0] ?? NaN,
    high: sorted.at(-1) ?? NaN,
    times,
  };
}

function shown({ median, low, high }: Seconds): string {
  return `${median.toFixed(3)} s (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function peak({ peakMB, seconds }: Peak): string {
  return `${peakMB.toFixed(0)} MB, ${seconds.toFixed(1)} s`;
}
