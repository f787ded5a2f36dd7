import { open } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { openCheckpoint, parseSafetensors, toFloat32 } from '@flexattn/model-prep';
import { readJsonAs, toIoError } from '@flexattn/stage';
import { z } from 'zod';
import { RuntimeError } from '../error.js';
import { productType } from '../graphs/dense-products.js';
import { tokensOfRegions } from '../regions.js';
import { openLocalModel } from './local-model.js';
import type { LocalModel, LocalModelOptions } from './local-model.js';
import { graphsOn } from './open-engine.js';
import { resolveDevice } from './probe-devices.js';
import { stopIfAborted } from './stop.js';

/** What was computed for one picture of a golden case, and whether it equals what is expected. */
export interface GoldenImage {
  image: string;
  tokens: number[];
  /** `layer:position` -> indices of the selected high-res tokens. */
  picked: Record<string, number[]>;
  optionLosses: number[];
  /** Over all steps and the whole vocabulary; infinite where the number of steps differs. */
  maxLogitDifference: number;
  ok: boolean;
}

/** What was computed for one golden folder; `training` is empty for a generation case. */
export interface GoldenCase {
  case: string;
  ok: boolean;
  images: GoldenImage[];
  training: never[];
}

export interface GoldenReport {
  ok: boolean;
  cases: GoldenCase[];
}

/** How golden cases are run. */
export interface VerifyGoldenOptions extends Pick<LocalModelOptions, 'device' | 'graphs' | 'threads'> {
  signal?: AbortSignal | undefined;
}

/** The greatest differences that pass; tokens and picked sets must be equal. */
interface Tolerance {
  logits: number;
  losses: number;
}

/** A float32 implementation stays below these (SPEC section 6). */
const FLOAT32: Tolerance = { logits: 1e-3, losses: 1e-4 };
/** The GPU's graphs round keys, values and the inputs of products to the 11 bits that the weights have. */
const FLOAT16: Tolerance = { logits: 1e-2, losses: 1e-3 };

const expectedSchema = z
  .array(
    z.object({
      image: z.string(),
      input_ids: z.array(z.number().int()),
      max_new_tokens: z.number().int().positive(),
      tokens: z.array(z.number().int()),
      picked: z.record(z.string(), z.array(z.number().int())),
      options: z.array(z.array(z.number().int())),
      option_losses: z.array(z.number()),
    }),
  )
  .min(1);

/** What one picture of a golden generation case must give (SPEC section 6). */
export type Expected = z.output<typeof expectedSchema>[number];

/** The `expected.json` of a golden generation case. */
export function readExpected(dir: string): Promise<Expected[]> {
  return readJsonAs(join(dir, 'expected.json'), expectedSchema);
}

/** A generation case expects a list, one entry per image; a training case an object with a batch. */
export async function goldenKind(dir: string): Promise<'generation' | 'training'> {
  return Array.isArray(await readJsonAs(join(dir, 'expected.json'), z.unknown())) ? 'generation' : 'training';
}

/**
 * Runs golden generation cases on their own checkpoints and compares tokens, selected regions at every layer and
 * step, logits and option losses.
 *
 * @throws FlexattnError where a folder is not such a case or its checkpoint does not load; a mismatch is a result
 */
export async function verifyGolden(
  dirs: readonly string[],
  { signal, ...options }: VerifyGoldenOptions = {},
): Promise<GoldenReport> {
  const { device } = await resolveDevice(options.device);
  const graphs = graphsOn(device, options.graphs);
  const cases: GoldenCase[] = [];
  for (const dir of dirs) {
    const expected = await readExpected(dir);
    const model = await openLocalModel(dir, options);
    const tolerance = graphs !== 'steps' && (await storesHalfFloats(dir)) ? FLOAT16 : FLOAT32;
    const images: GoldenImage[] = [];
    for (const [index, entry] of expected.entries()) {
      stopIfAborted(signal);
      const logits = await readLogits(join(dir, `expected${index}.safetensors`));
      images.push(await verifyImage(model, dir, entry, logits, tolerance));
    }
    await model.close();
    cases.push({ case: basename(resolve(dir)), ok: images.every((image) => image.ok), images, training: [] });
  }
  return { ok: cases.every((entry) => entry.ok), cases };
}

/** Whether the decoder's products are of 16-bit floats on a GPU. */
async function storesHalfFloats(dir: string): Promise<boolean> {
  return productType(await openCheckpoint(dir)) !== 'FLOAT';
}

async function verifyImage(
  model: LocalModel,
  dir: string,
  expected: Expected,
  logits: Float32Array,
  tolerance: Tolerance,
): Promise<GoldenImage> {
  const image = join(dir, expected.image);
  const prompt = expected.input_ids;
  const tokens: number[] = [];
  const picked: Record<string, number[]> = {};
  const got: number[] = [];
  for await (const step of model.steps({ image, prompt, maxNewTokens: expected.max_new_tokens })) {
    tokens.push(step.token);
    for (const logit of step.logits) got.push(logit);
    for (const { layer, rows } of step.regions) {
      picked[`${layer}:${step.position}`] = tokensOfRegions(rows, model.geometry.hd);
    }
  }
  const { options } = expected;
  const { losses } =
    options.length === 0 ? { losses: [] } : await model.scoreOptions({ image, prompt, options });
  const maxLogitDifference = greatestDifference(got, logits);
  const ok =
    same(tokens, expected.tokens) &&
    samePicked(picked, expected.picked) &&
    maxLogitDifference <= tolerance.logits &&
    greatestDifference(losses, expected.option_losses) <= tolerance.losses;
  return { image: expected.image, tokens, picked, optionLosses: losses, maxLogitDifference, ok };
}

function samePicked(got: Record<string, number[]>, expected: Record<string, number[]>): boolean {
  const keys = new Set([...Object.keys(got), ...Object.keys(expected)]);
  return [...keys].every((key) => {
    const [a, b] = [got[key], expected[key]];
    return a !== undefined && b !== undefined && same(a, b);
  });
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function greatestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let greatest = 0;
  // A NaN on either side counts as the greatest difference: it compares false with everything.
  for (let index = 0; index < a.length; index++) {
    const difference = Math.abs((a[index] ?? NaN) - (b[index] ?? NaN));
    if (!(difference <= greatest)) greatest = Number.isNaN(difference) ? Infinity : difference;
  }
  return greatest;
}

/** The tensor `logits` [steps, vocab] of an expectedN.safetensors, flat. */
export async function readLogits(file: string): Promise<Float32Array> {
  const handle = await open(file).catch((cause: unknown) => {
    throw toIoError(cause, file);
  });
  try {
    const bytes = await handle.readFile();
    const source = {
      byteLength: bytes.length,
      slice: (begin: number, end: number) => bytes.subarray(begin, end),
    };
    const { tensors, dataStart } = await parseSafetensors(source, file);
    const logits = tensors.get('logits');
    if (logits === undefined) {
      throw new RuntimeError('GOLDEN_UNREADABLE', 'expected a tensor "logits", got none', { file });
    }
    const [begin, end] = logits.dataOffsets;
    return toFloat32({ ...logits, data: bytes.subarray(dataStart + begin, dataStart + end) });
  } finally {
    await handle.close();
  }
}
