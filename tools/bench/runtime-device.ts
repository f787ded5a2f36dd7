import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '@flexattn/flexattn-runtime';
import type { Device, FlexAttentionModel, Geometry } from '@flexattn/flexattn-runtime';
import { openCheckpoint } from '@flexattn/model-prep';
import { FlexattnError } from '@flexattn/stage';
import { median, span } from './medians.js';
import { OPTIONS, PICTURES, QUESTION } from './questions.js';
import { MINI, SEVEN_BILLION, writeRandomCheckpoint } from './random-checkpoint.js';

/** What is timed, and on what. */
interface DeviceBench {
  device: Device;
  graphs?: 'steps' | 'loop' | undefined;
  /** A model folder; default: zeros of the shape that `size` names, in sparse files. */
  model?: string | undefined;
  size: '7b' | 'mini';
  dtype: 'F16' | 'F32';
  /** Of the card's memory, bytes a second. */
  bandwidth?: number | undefined;
  threads?: number | undefined;
  repeat: number;
  /** Tokens behind the first. */
  tokens: number;
}

/** Flags as they come from the command line. */
export interface DeviceFlags extends Record<
  'device' | 'size' | 'dtype' | 'tokens' | 'repeat' | 'threads',
  string
> {
  graphs?: string;
  model?: string;
  bandwidth?: string;
}

/**
 * The runtime on one device: first token, each further token, options, and what share of the memory's bandwidth the
 * further tokens use. Where the device cannot be used it says what is missing, exit code 2.
 */
export async function benchDevice(flags: DeviceFlags): Promise<void> {
  const bench = deviceBench(flags);
  const scratch = await mkdtemp(join(tmpdir(), 'flexattn-bench-'));
  try {
    const dir = bench.model ?? join(scratch, bench.size);
    const sizes = bench.size === 'mini' ? MINI : SEVEN_BILLION;
    if (bench.model === undefined)
      await writeRandomCheckpoint(dir, sizes, { seed: 1, spread: 0, dtype: bench.dtype });
    const begin = performance.now();
    const model = await loadModel(dir, bench);
    console.log(`${dir}: loaded in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    try {
      const perToken = await timeModel(model, bench);
      await tellBandwidth(dir, model.geometry, perToken, bench);
    } finally {
      await model.close();
    }
  } catch (error) {
    if (!(error instanceof FlexattnError)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = error.exitCode;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** Seconds of one further token, the median. */
async function timeModel(model: FlexAttentionModel, { repeat, tokens }: DeviceBench): Promise<number> {
  const [warm = '', ...pictures] = PICTURES;
  const ask = async (image: string, maxNewTokens: number) => {
    const begin = performance.now();
    const answer = await model.generate({ image, prompt: QUESTION, maxNewTokens });
    if (answer.tokens.length !== maxNewTokens)
      console.log(`ended after ${answer.tokens.length} of ${maxNewTokens} tokens`);
    return { seconds: (performance.now() - begin) / 1000, count: answer.tokens.length };
  };
  await ask(warm, 2);
  const times = {
    unseen: [] as number[],
    first: [] as number[],
    next: [] as number[],
    options: [] as number[],
  };
  for (const image of pictures) times.unseen.push((await ask(image, 1)).seconds);
  for (let i = 0; i < repeat; i++) {
    const first = (await ask(warm, 1)).seconds;
    const whole = await ask(warm, 1 + tokens);
    times.first.push(first);
    times.next.push((whole.seconds - first) / (whole.count - 1));
    const begin = performance.now();
    await model.scoreOptions({ image: warm, prompt: QUESTION, options: OPTIONS });
    times.options.push((performance.now() - begin) / 1000);
  }
  console.log(`first token, picture not seen before   ${span(times.unseen)}`);
  console.log(`first token, picture seen before       ${span(times.first)}`);
  console.log(`each of ${tokens} further tokens`.padEnd(39) + span(times.next));
  console.log(`${OPTIONS.length} options`.padEnd(39) + span(times.options));
  const perToken = median(times.next);
  console.log(`${(1 / perToken).toFixed(1)} tokens a second`);
  return perToken;
}

/** Bytes that a token must read (weights, keys and values), and what that is of the memory's bandwidth. */
async function tellBandwidth(
  dir: string,
  geometry: Geometry,
  perToken: number,
  bench: DeviceBench,
): Promise<void> {
  const { tensors } = await openCheckpoint(dir);
  let weights = 0;
  let floatBytes = 4;
  for (const [name, { byteLength, dtype }] of tensors) {
    if (name.endsWith('.q_proj.weight')) floatBytes = dtype === 'F32' ? 4 : 2;
    // The tower, the table and the high-res projections are not read for a further token.
    if (/^(model\.layers\.(?!.*_hd\.)|model\.norm|lm_head)/.test(name)) weights += byteLength;
  }
  const { layers, kvHeads, headDim, size, hd, firstSelectingLayer, selection } = geometry;
  const perPosition = 2 * kvHeads * headDim * floatBytes;
  const positions = size ** 2 + QUESTION.length + bench.tokens / 2;
  const high = selection === 'none' ? 0 : (layers - 1 - firstSelectingLayer) * hd ** 2;
  const bytes = weights + perPosition * (layers * positions + high);
  const rate = bytes / perToken;
  const share =
    bench.bandwidth === undefined
      ? 'for its share of the memory name the bandwidth, --bandwidth GB/s'
      : `${((100 * rate) / bench.bandwidth).toFixed(0)} % of ${(bench.bandwidth / 1e9).toFixed(0)} GB/s`;
  console.log(
    `a token reads ${(bytes / 1e9).toFixed(2)} GB (weights ${(weights / 1e9).toFixed(2)}): ` +
      `${(rate / 1e9).toFixed(0)} GB/s; ${share}`,
  );
}

/** @throws TypeError as `parseArgs` does, where a flag has a value that there is not */
function deviceBench(flags: DeviceFlags): DeviceBench {
  const { graphs, model, bandwidth } = flags;
  const number = (name: string, text: string) => {
    if (Number(text) > 0) return Number(text);
    throw badFlag(name, 'a number above 0', text);
  };
  return {
    device: oneOf('device', flags.device, ['cuda', 'webgpu', 'cpu'] as const),
    graphs: graphs === undefined ? undefined : oneOf('graphs', graphs, ['steps', 'loop'] as const),
    size: oneOf('size', flags.size, ['7b', 'mini'] as const),
    dtype: oneOf('dtype', flags.dtype, ['F16', 'F32'] as const),
    model,
    bandwidth: bandwidth === undefined ? undefined : 1e9 * number('bandwidth', bandwidth),
    threads: number('threads', flags.threads),
    repeat: number('repeat', flags.repeat),
    tokens: number('tokens', flags.tokens),
  };
}

function oneOf<Name extends string>(flag: string, got: string, names: readonly Name[]): Name {
  const name = names.find((each) => each === got);
  if (name === undefined) throw badFlag(flag, names.join(', '), got);
  return name;
}

function badFlag(flag: string, expected: string, got: string): TypeError {
  const error = new TypeError(`--${flag}: expected ${expected}, got "${got}"`);
  return Object.assign(error, { code: 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' });
}
