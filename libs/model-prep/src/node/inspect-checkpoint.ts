import { resolve } from 'node:path';
import { groupByModule, parametersOf } from '../checkpoint-modules.js';
import type { CheckpointModule } from '../checkpoint-modules.js';
import type { Dtype } from '../dtype.js';
import { compareTensors, isUsed } from '../expected-tensors.js';
import type { TensorIssues } from '../expected-tensors.js';
import { pairProjections } from '../high-res-projections.js';
import type { LlavaConfig } from '../llava-config.js';
import { naturalOrder } from '../natural-order.js';
import type { TensorInfo } from '../tensor-info.js';
import { StatisticsCollector, valuesOf } from '../tensor-statistics.js';
import type { TensorStatistics } from '../tensor-statistics.js';
import type { WeightFormat } from '../weight-index.js';
import { readParts } from './open-checkpoint.js';
import type { CheckpointPartsRead } from './open-checkpoint.js';
import { readTensorBytes } from './tensor-bytes.js';
import { firstTrained } from './trained.js';
import { unreadWeights } from './weight-folder.js';

/** What to look at. */
export interface InspectOptions {
  /** Also reads every weight and tells its minimum, maximum, mean and number of NaN. */
  stats?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Told of the bytes of weights that were read for `stats`. */
  advance?: ((bytes: number) => void) | undefined;
}

/** A tensor of a checkpoint. */
export interface InspectedTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  bytes: number;
  file: string;
  /** Does inference read it? */
  used: boolean;
  /** With `stats`, where the values of its dtype can be told. */
  stats?: TensorStatistics;
}

/**
 * `none`: no high-resolution projections. `partly`: some are missing. `initialised`: all are there, as an
 * initialisation gave them. `trained`: one differs from that.
 */
export type HighResState = 'none' | 'partly' | 'initialised' | 'trained';

/** What a checkpoint holds. */
export interface Inspection {
  dir: string;
  config: LlavaConfig;
  format: WeightFormat;
  files: string[];
  /** PyTorch weights, or their index, beside safetensors: nothing reads them. */
  unread: string[];
  highRes: {
    state: HighResState;
    present: number;
    expected: number;
    /** Names of the projections that are not there, where others are. */
    missing: string[];
    firstTrained?: string;
  };
  /** Elements of all tensors, and of those that inference never reads. */
  parameters: { all: number; unused: number };
  bytes: number;
  /** Compared with config.json. */
  issues: TensorIssues;
  modules: CheckpointModule[];
  /** In natural order. */
  tensors: InspectedTensor[];
}

/**
 * Tells what a checkpoint folder holds, also where tensors are missing or have another shape than config.json asks
 * for. Reads headers, the high-resolution projections with what they are copied from, and with `stats` all weights, in
 * pieces.
 *
 * @throws ModelPrepError as `openCheckpoint` for the configuration and for weights that cannot be opened
 */
export async function inspectCheckpoint(dir: string, options: InspectOptions = {}): Promise<Inspection> {
  const parts = await readParts(dir, {});
  const { config, weights, tensors } = parts;
  const issues = compareTensors(config, tensors);
  const unread = new Set(issues.extra);
  const inspected: InspectedTensor[] = [];
  for (const [name, info] of [...tensors].sort(([a], [b]) => naturalOrder(a, b))) {
    const { dtype, shape, byteLength: bytes, file } = info;
    const stats = options.stats === true ? await statisticsOf(dir, info, options) : undefined;
    const used = !unread.has(name) && isUsed(name, config);
    inspected.push({ name, dtype, shape, bytes, file, used, ...(stats && { stats }) });
  }
  const count = (chosen: readonly InspectedTensor[]): number =>
    chosen.reduce((sum, tensor) => sum + parametersOf(tensor), 0);
  return {
    dir,
    config,
    format: weights.format,
    files: parts.files,
    unread: await unreadWeights(dir, weights),
    highRes: await highResOf(parts, options.signal),
    parameters: { all: count(inspected), unused: count(inspected.filter(({ used }) => !used)) },
    bytes: inspected.reduce((sum, { bytes }) => sum + bytes, 0),
    issues,
    modules: groupByModule(tensors),
    tensors: inspected,
  };
}

async function highResOf(
  { dir, config, weights, tensors }: CheckpointPartsRead,
  signal: AbortSignal | undefined,
): Promise<Inspection['highRes']> {
  const pairs = pairProjections(config.num_hidden_layers, tensors);
  const absent = pairs.filter(({ to }) => !to);
  const present = pairs.length - absent.length;
  const missing = present === 0 ? [] : absent.map(({ name }) => name);
  const counts = { present, expected: pairs.length, missing };
  if (present === 0) return { state: 'none', ...counts };
  const query = { dir, weights, hiddenSize: config.hidden_size, signal, thorough: true };
  const trained = await firstTrained(pairs, query);
  if (trained) return { state: 'trained', ...counts, firstTrained: trained.name };
  return { state: present < pairs.length ? 'partly' : 'initialised', ...counts };
}

async function statisticsOf(
  dir: string,
  info: TensorInfo,
  { signal, advance }: InspectOptions,
): Promise<TensorStatistics | undefined> {
  const collector = new StatisticsCollector();
  for await (const piece of readTensorBytes(resolve(dir, info.file), info)) {
    signal?.throwIfAborted();
    const values = valuesOf(info.dtype, piece);
    if (!values) return undefined;
    collector.add(values);
    advance?.(piece.byteLength);
  }
  return collector.result();
}
