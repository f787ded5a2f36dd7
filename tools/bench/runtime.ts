import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { loadModel, type FlexAttentionModel } from '@flexattn/flexattn-runtime';
import { median, span } from './medians.js';
import { OPTIONS, PICTURES, QUESTION, range, SECOND_QUESTION } from './questions.js';
import { limitedResult, resultOf, type BenchResult } from './result.js';
import { benchCompile } from './runtime-compile.js';
import { MINI, SEVEN_BILLION, writeRandomCheckpoint } from './random-checkpoint.js';
import { benchDevice } from './runtime-device.js';
import { Explained } from './runtime-explain.js';
import { memoryLimit } from './runtime-memory.js';

/** `npm run bench` runs from the root of the workspace. */
const BASELINE = resolve('tools/bench/runtime_baseline.py');
const NEW_TOKENS = 8;

/** Seconds of one kind of work, one number a repetition. */
type Times = number[];
type Row = Record<'first' | 'next' | 'second' | 'options', Times>;
const emptyRow = (): Row => ({ first: [], next: [], second: [], options: [] });

/** Each kind of work, and how many times as fast as the baseline it must be. */
const WORKS = [
  ['first', 'first token', 1.5],
  ['next', 'each further token', 4],
  ['second', 'second question, first token', 5],
  ['options', `${OPTIONS.length} options`, 4],
] as const;

/**
 * The speed table: the published way of working (PyTorch, eager, `runtime_baseline.py`) against this runtime, both in
 * one run, taking turns, on the same number of threads. Prints medians, spreads and ratios, and whether both gave the
 * same tokens and losses.
 *
 * With `--device` it times this runtime alone, on that device (`runtime-device.ts`).
 *
 * @param args - `--python <path>` (with torch, safetensors, pillow), `--threads n`, `--repeat n`, `--model dir`; with
 * `--device cuda|webgpu|cpu` also `--graphs steps|loop`, `--size 7b|mini`, `--dtype F16|F32`, `--tokens n`,
 * `--bandwidth GB/s`
 */
export async function bench(args: readonly string[]): Promise<BenchResult[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      python: { type: 'string', default: process.env['FLEXATTN_PYTHON'] ?? 'python3' },
      threads: { type: 'string', default: String(availableParallelism()) },
      repeat: { type: 'string', default: '3' },
      model: { type: 'string' },
      device: { type: 'string' },
      graphs: { type: 'string' },
      size: { type: 'string', default: '7b' },
      dtype: { type: 'string', default: 'F16' },
      tokens: { type: 'string', default: '128' },
      bandwidth: { type: 'string' },
    },
  });
  if (values.device !== undefined) {
    await benchDevice({ ...values, device: values.device });
    return [];
  }
  const threads = Number(values.threads);
  const scratch = await mkdtemp(join(tmpdir(), 'flexattn-bench-'));
  try {
    const dir = values.model ?? join(scratch, 'mini');
    if (values.model === undefined) await writeRandomCheckpoint(dir, MINI, { seed: 1, spread: 0.04 });
    console.log(
      `${cpus()[0]?.model ?? 'unknown processor'}, ${threads} threads, ${values.repeat} repetitions`,
    );
    const results = await compareSpeed(dir, values.python, threads, Number(values.repeat));
    results.push(await benchCompile('7B', SEVEN_BILLION, scratch));
    return results;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function compareSpeed(
  dir: string,
  python: string,
  threads: number,
  repeat: number,
): Promise<BenchResult[]> {
  const baseline = new Baseline(python, dir, threads);
  const [theirs, ours] = [emptyRow(), emptyRow()];
  const explained = new Explained();
  let limit = 0;
  let same = true;
  let selected = 0;
  try {
    for (let i = 0; i < repeat; i++) {
      const [image = '', warm = '', unseen = ''] = range(i, 3).map((at) => PICTURES[at % PICTURES.length]);
      const model = await openWarm(dir, threads, PICTURES[(i + 1) % PICTURES.length] ?? '');
      await baseline.ask({ image: warm, ids: QUESTION, max_new: 2 });
      const expected = await measureBaseline(baseline, image, unseen, theirs);
      const got = await measureOurs(model, image, unseen, ours);
      await explained.measure(model, { image, prompt: QUESTION, maxNewTokens: NEW_TOKENS });
      limit = await memoryLimit(dir, model.geometry);
      await model.close();
      selected += expected.selected / repeat;
      same &&= expected.tokens.join() === got.tokens.join();
      same &&= expected.losses.every((loss, index) => Math.abs(loss - (got.losses[index] ?? NaN)) < 1e-3);
    }
    console.log(
      `selected: ${(100 * selected).toFixed(0)} % of the high-res tokens; same tokens and losses: ${same}`,
    );
    const results: BenchResult[] = [];
    for (const [work, name, bound] of WORKS) {
      printRow(name, theirs[work], ours[work]);
      results.push(
        resultOf({ work: name, ours: ours[work], baseline: theirs[work], against: 'PyTorch, eager', bound }),
      );
    }
    const peak = process.resourceUsage().maxRSS * 1024;
    console.log(`peak memory: PyTorch ${megabytes(baseline.rss)}, this process ${megabytes(peak)}`);
    results.push(
      limitedResult({ work: 'peak memory', unit: 'bytes', ours: [peak], limit }),
      explained.result(),
    );
    return results;
  } finally {
    await baseline.end();
  }
}

/** A model of its own for each repetition: every picture is new to it. The first run of a session is slower. */
async function openWarm(dir: string, threads: number, image: string): Promise<FlexAttentionModel> {
  const model = await loadModel(dir, { threads });
  await model.generate({ image, prompt: QUESTION, maxNewTokens: 2 });
  return model;
}

interface Answers {
  tokens: number[];
  losses: number[];
}

async function measureBaseline(
  baseline: Baseline,
  image: string,
  unseen: string,
  row: Row,
): Promise<Answers & { selected: number }> {
  const {
    tokens = [],
    seconds,
    selected = 0,
  } = await baseline.ask({ image, ids: QUESTION, max_new: NEW_TOKENS });
  row.first.push(...seconds.slice(0, 1));
  row.next.push(...seconds.slice(1));
  row.second.push(...(await baseline.ask({ image, ids: SECOND_QUESTION, max_new: 1 })).seconds);
  const { losses = [], seconds: all } = await baseline.ask({
    image: unseen,
    ids: QUESTION,
    options: OPTIONS,
  });
  row.options.push(...all);
  return { tokens, losses, selected };
}

async function measureOurs(
  model: FlexAttentionModel,
  path: string,
  unseen: string,
  row: Row,
): Promise<Answers> {
  const tokens: number[] = [];
  let last = performance.now();
  const lap = () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
  const onToken = (_: string, token: number) => {
    (tokens.length === 0 ? row.first : row.next).push(lap());
    tokens.push(token);
  };
  await model.generate({ image: path, prompt: QUESTION, maxNewTokens: NEW_TOKENS, onToken });
  lap();
  await model.generate({ image: path, prompt: SECOND_QUESTION, maxNewTokens: 1 });
  row.second.push(lap());
  // From nothing, as the baseline's: a picture that this model has not seen.
  const { losses } = await model.scoreOptions({ image: unseen, prompt: QUESTION, options: OPTIONS });
  row.options.push(lap());
  return { tokens, losses };
}

function printRow(name: string, theirs: Times, ours: Times): void {
  const ratio = median(theirs) / median(ours);
  console.log(
    `${name.padEnd(30)} PyTorch ${span(theirs)}   this runtime ${span(ours)}   ${ratio.toFixed(1)} x`,
  );
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

interface BaselineAnswer {
  tokens?: number[];
  losses?: number[];
  seconds: number[];
  selected?: number;
  rss: number;
}

/** The Python process, asked one question a line. */
class Baseline {
  rss = 0;
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  #ready: Promise<unknown>;

  constructor(python: string, dir: string, threads: number) {
    this.#child = spawn(python, [BASELINE, dir, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#ready = this.#lines.next();
  }

  async ask(request: object): Promise<BaselineAnswer> {
    await this.#ready;
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('the baseline ended early');
    const answer = JSON.parse(line.value) as BaselineAnswer;
    this.rss = answer.rss;
    return answer;
  }

  async end(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
  }
}
