import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Quantisation } from '../quantise/precision.js';
import { tokensOfRegions } from '../regions.js';
import { compileModel } from './compile.js';
import { readExpected, readLogits } from './golden.js';
import type { Expected } from './golden.js';
import { openLocalModel } from './local-model.js';
import type { LocalModel } from './local-model.js';
import { stopIfAborted } from './stop.js';

export interface VerifyPrecisionOptions extends Partial<Pick<Quantisation, 'blockSize'>> {
  precision: Quantisation['precision'];
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * How far a golden case's model in fewer bits is from the expected figures. Regions and logits are compared at the
 * steps up to the first token that differs; behind it the model answers to another text.
 */
export interface PrecisionCase {
  case: string;
  /** Expected tokens, and how many of them came at their place. */
  tokens: number;
  equalTokens: number;
  /** Steps that were compared. */
  steps: number;
  /**
   * Mean over steps and layers of what both selected over what either did, 1 where neither selected anything; null for
   * a model that does not select.
   */
  jaccard: number | null;
  /** Norm of the difference over the norm of the expected logits. */
  logitError: number;
  /** Mean over the matrices of what quantising changed, norm over norm. */
  weightError: number;
}

/** What is summed up over the pictures of a case. */
interface Sums {
  tokens: number;
  equalTokens: number;
  steps: number;
  jaccard: number[];
  errorSquares: number;
  squares: number;
}

/**
 * Compiles the checkpoints of golden generation cases in fewer bits, in a temporary folder, and compares what they
 * answer with what is expected.
 *
 * @throws FlexattnError where a folder is no such case
 */
export async function verifyPrecision(
  dirs: readonly string[],
  { precision, blockSize = 32, threads, signal }: VerifyPrecisionOptions,
): Promise<PrecisionCase[]> {
  const cases: PrecisionCase[] = [];
  for (const dir of dirs) {
    const out = await mkdtemp(join(tmpdir(), 'flexattn-precision-'));
    try {
      const { quantised } = await compileModel({ checkpoint: dir, out, precision, blockSize, signal });
      const model = await openLocalModel(out, { threads });
      const sums = await compare(model, dir, signal);
      await model.close();
      const weightError = mean(quantised.map(({ error }) => error));
      cases.push({ case: basename(resolve(dir)), ...figuresOf(sums), weightError });
    } finally {
      await rm(out, { recursive: true });
    }
  }
  return cases;
}

async function compare(model: LocalModel, dir: string, signal: AbortSignal | undefined): Promise<Sums> {
  const sums: Sums = { tokens: 0, equalTokens: 0, steps: 0, jaccard: [], errorSquares: 0, squares: 0 };
  for (const [index, expected] of (await readExpected(dir)).entries()) {
    stopIfAborted(signal);
    await compareImage(
      model,
      dir,
      expected,
      await readLogits(join(dir, `expected${index}.safetensors`)),
      sums,
    );
  }
  return sums;
}

async function compareImage(
  model: LocalModel,
  dir: string,
  expected: Expected,
  logits: Float32Array,
  sums: Sums,
): Promise<void> {
  const request = {
    image: join(dir, expected.image),
    prompt: expected.input_ids,
    maxNewTokens: expected.max_new_tokens,
  };
  sums.tokens += expected.tokens.length;
  let [at, same] = [0, true];
  for await (const step of model.steps(request)) {
    if (at >= expected.tokens.length) break;
    if (same) {
      sums.steps++;
      const { vocabSize, hd } = model.geometry;
      addSquares(sums, step.logits, logits.subarray(at * vocabSize, (at + 1) * vocabSize));
      for (const { layer, rows } of step.regions) {
        const picked = expected.picked[`${layer}:${step.position}`] ?? [];
        sums.jaccard.push(jaccardOf(tokensOfRegions(rows, hd), picked));
      }
    }
    if (step.token === expected.tokens[at]) sums.equalTokens++;
    else same = false;
    at++;
  }
}

function addSquares(sums: Sums, got: Float32Array, expected: Float32Array): void {
  for (const [at, value] of expected.entries()) {
    sums.errorSquares += ((got[at] ?? NaN) - value) ** 2;
    sums.squares += value ** 2;
  }
}

function jaccardOf(a: readonly number[], b: readonly number[]): number {
  const [first, second] = [new Set(a), new Set(b)];
  const either = new Set([...a, ...b]).size;
  return either === 0 ? 1 : [...first].filter((value) => second.has(value)).length / either;
}

function figuresOf({ tokens, equalTokens, steps, jaccard, errorSquares, squares }: Sums) {
  return {
    tokens,
    equalTokens,
    steps,
    jaccard: jaccard.length === 0 ? null : mean(jaccard),
    logitError: Math.sqrt(errorSquares / squares),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
