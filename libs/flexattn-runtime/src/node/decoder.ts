import { attendingLayers, selectingLayers } from '../geometry.js';
import type { Geometry } from '../geometry.js';
import type { KeyValueRows } from '../key-values.js';
import { rotaryRows } from '../positions.js';
import { chosenRegions, GRID } from '../regions.js';
import type { LayerRegions } from '../regions.js';
import type { Feeds, GraphSessions, HostTensor } from './session.js';

/** What the decoder knows of the picture: its place in the sequence and its high-res keys and values. */
export interface PictureContext {
  /** Position of the first low-res token. */
  begin: number;
  /** Low-res tokens that may be selected for, [L] of 0 and 1. */
  keep: Float32Array;
  /** By layer above F; [KV, 1, N, headDim] each. Empty with selection `none`. */
  highKeyValues: ReadonlyMap<number, { k: HostTensor; v: HostTensor }>;
}

/** One step: T new rows behind a past. */
export interface StepInput {
  /** [T, hidden]. */
  embeddings: Float32Array;
  /** Absolute position of every new row. */
  positions: readonly number[];
  past: KeyValueRows;
  /** Additive, [T, past.capacity + T]. */
  mask: Float32Array;
  /** The last so many rows are high-res rows and get logits. */
  highRows: number;
  picture: PictureContext;
}

/** What one step yields, for the R high-res rows in order. */
export interface StepOutput {
  logits: Float32Array[];
  regions: LayerRegions[][];
}

/** Runs decoder steps and the embedding table. */
export class Decoder {
  readonly geometry: Geometry;
  readonly #sessions: GraphSessions;

  constructor(geometry: Geometry, sessions: GraphSessions) {
    this.geometry = geometry;
    this.#sessions = sessions;
  }

  /** Embeddings [T, hidden] of token ids. */
  async embed(ids: readonly number[]): Promise<Float32Array> {
    const feed = { dims: [ids.length], data: BigInt64Array.from(ids, BigInt) };
    const { embeddings } = await this.#sessions.run('embed', { ids: feed }, ['embeddings']);
    return floatsOf(embeddings);
  }

  /** Logits and regions of the step's high-res rows. */
  async read(input: StepInput): Promise<StepOutput> {
    return this.#readRows(await this.#run(input, this.#rowNames()), input.highRows);
  }

  /** Keys and values of the step's T rows. */
  async extend(input: StepInput): Promise<KeyValueRows> {
    return this.#keyValues(await this.#run(input, this.#keyValueNames()), input.positions.length);
  }

  /** Both at once. */
  async advance(input: StepInput): Promise<StepOutput & { keyValues: KeyValueRows }> {
    const outputs = await this.#run(input, [...this.#rowNames(), ...this.#keyValueNames()]);
    const keyValues = this.#keyValues(outputs, input.positions.length);
    return { ...this.#readRows(outputs, input.highRows), keyValues };
  }

  #run(input: StepInput, outputs: readonly string[]): Promise<Record<string, HostTensor>> {
    return this.#sessions.run('decoder', stepFeeds(this.geometry, input), outputs);
  }

  #rowNames(): string[] {
    return ['logits', ...selectingLayers(this.geometry).map((layer) => `regions.${layer}`)];
  }

  #keyValueNames(): string[] {
    return Array.from({ length: this.geometry.layers }, (_, layer) => [`k.${layer}`, `v.${layer}`]).flat();
  }

  #readRows(outputs: Record<string, HostTensor>, count: number): StepOutput {
    const { vocabSize } = this.geometry;
    const logits = floatsOf(outputs['logits']);
    const rows = Array.from({ length: count }, (_, row) => row);
    return {
      logits: rows.map((row) => logits.subarray(row * vocabSize, (row + 1) * vocabSize)),
      regions: rows.map((row) =>
        selectingLayers(this.geometry).map((layer) => ({
          layer,
          rows: chosenRegions(
            flagsOf(outputs[`regions.${layer}`]).subarray(row * GRID ** 2, (row + 1) * GRID ** 2),
          ),
        })),
      ),
    };
  }

  #keyValues(outputs: Record<string, HostTensor>, capacity: number): KeyValueRows {
    const layers = Array.from({ length: this.geometry.layers }, (_, layer) => layer);
    const k = layers.map((layer) => floatsOf(outputs[`k.${layer}`]));
    const v = layers.map((layer) => floatsOf(outputs[`v.${layer}`]));
    return { capacity, k, v };
  }
}

function stepFeeds(geometry: Geometry, input: StepInput): Feeds {
  const { hiddenSize, headDim, kvHeads, ropeTheta, size } = geometry;
  const { past, picture, positions } = input;
  const rows = positions.length;
  const { cos, sin } = rotaryRows(positions, headDim, ropeTheta);
  const feeds: Feeds = {
    inputsEmbeds: { dims: [rows, hiddenSize], data: input.embeddings },
    cos: { dims: [rows, headDim], data: cos },
    sin: { dims: [rows, headDim], data: sin },
    mask: { dims: [rows, past.capacity + rows], data: input.mask },
    firstHighRow: scalar(rows - input.highRows),
  };
  const pastDims = [kvHeads, 1, past.capacity, headDim];
  for (const [layer, data] of past.k.entries()) feeds[`pastK.${layer}`] = { dims: pastDims, data };
  for (const [layer, data] of past.v.entries()) feeds[`pastV.${layer}`] = { dims: pastDims, data };
  if (geometry.selection === 'none') return feeds;
  feeds['imageBegin'] = scalar(picture.begin);
  feeds['imageEnd'] = scalar(picture.begin + size ** 2);
  feeds['keep'] = { dims: [size ** 2], data: picture.keep };
  for (const layer of attendingLayers(geometry)) {
    const high = picture.highKeyValues.get(layer);
    if (high === undefined) continue;
    feeds[`highK.${layer}`] = high.k;
    feeds[`highV.${layer}`] = high.v;
  }
  return feeds;
}

function scalar(value: number): HostTensor {
  return { dims: [1], data: BigInt64Array.of(BigInt(value)) };
}

/** The output's numbers; a graph that lacks it, or gives another type, is a bug of ours. */
export function floatsOf(tensor: HostTensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error('expected a float32 output');
}

function flagsOf(tensor: HostTensor | undefined): Uint8Array {
  if (tensor?.data instanceof Uint8Array) return tensor.data;
  throw new Error('expected a bool output');
}
