import { attendingLayers, selectingLayers } from '../geometry.js';
import type { Geometry } from '../geometry.js';
import type { HighKeyValues } from '../high-key-values.js';
import { emptyKeyValues } from '../key-values.js';
import type { KeyValueRows } from '../key-values.js';
import { rotaryRows } from '../positions.js';
import { chosenRegions, GRID, regionLayout } from '../regions.js';
import type { LayerRegions } from '../regions.js';
import type { Feeds, GraphSessions, HostTensor } from './session.js';

/** The high-res tokens of one picture at one place of the sequence. */
export interface HighContext {
  /** By region, [81, P, hidden]; zero where a tile was not needed yet. */
  features: Float32Array;
  /** 1 for every region whose features are known, [81]. */
  ready: Uint8Array;
  /** Rotary tables by region, [81, P, headDim / 2]. */
  cos: Float32Array;
  sin: Float32Array;
  /** What was projected so far; steps add to it. */
  keyValues: HighKeyValues;
  /** Makes the features of these regions known; true where they already were. */
  ensure(regions: ReadonlySet<number>): Promise<boolean>;
}

/** What the decoder knows of the picture: its place in the sequence and its high-res tokens. */
export interface PictureContext {
  /** Position of the first low-res token. */
  begin: number;
  /** Low-res tokens that may be selected for, [L] of 0 and 1. */
  keep: Float32Array;
  /** Absent with selection `none`. */
  high?: HighContext;
}

/** One step: T new rows behind a past. */
export interface StepInput {
  /** [T, hidden]. */
  embeddings: Float32Array;
  /** Absolute position of every new row. */
  positions: readonly number[];
  past: KeyValueRows;
  /** Additive, [T, past.capacity + T]; a stem needs none. */
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

  /** Keys and values of a stem: rows without a past, none of them a high-res row. */
  async extend(input: Omit<StepInput, 'mask' | 'past' | 'highRows'>): Promise<KeyValueRows> {
    const past = emptyKeyValues(this.geometry);
    const feeds = stepFeeds(this.geometry, { ...input, past, mask: new Float32Array(0), highRows: 0 });
    const outputs = await this.#sessions.run('decoder', feeds, this.#keyValueNames());
    return this.#keyValues(outputs, input.positions.length);
  }

  /** Logits and regions of the step's high-res rows. */
  async read(input: StepInput): Promise<StepOutput> {
    return this.#readRows(await this.#run(input, []), input.highRows);
  }

  /** The same, with keys and values of the step's T rows. */
  async advance(input: StepInput): Promise<StepOutput & { keyValues: KeyValueRows }> {
    const outputs = await this.#run(input, this.#keyValueNames());
    const keyValues = this.#keyValues(outputs, input.positions.length);
    return { ...this.#readRows(outputs, input.highRows), keyValues };
  }

  /**
   * Runs a step; again where it selected regions whose tiles had not been encoded, which is known only afterwards.
   * Every run makes at least one more tile known, and the last one started from all it needs.
   */
  async #run(input: StepInput, more: readonly string[]): Promise<Record<string, HostTensor>> {
    const { high } = input.picture;
    const attending = attendingLayers(this.geometry);
    const names = [
      'logits',
      ...selectingLayers(this.geometry).map((layer) => `regions.${layer}`),
      ...attending.flatMap((layer) => [`newHighK.${layer}`, `newHighV.${layer}`]),
      ...more,
    ];
    for (;;) {
      const feeds = stepFeeds(this.geometry, input);
      const outputs = await this.#sessions.run('decoder', feeds, names);
      if (high === undefined) return outputs;
      const wanted = attending.map((layer) => selectedByAny(outputs[`regions.${layer - 1}`]));
      if (!(await high.ensure(new Set(wanted.flatMap((regions) => [...regions]))))) continue;
      for (const [index, layer] of attending.entries()) {
        const known = flagsOf(feeds[`highKnown.${layer}`]);
        const fresh = [...(wanted[index] ?? [])]
          .filter((region) => known[region] === 0)
          .sort((a, b) => a - b);
        const k = floatsOf(outputs[`newHighK.${layer}`]);
        high.keyValues.add(layer, fresh, k, floatsOf(outputs[`newHighV.${layer}`]));
      }
      return outputs;
    }
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

/** Regions that at least one of the rows selected. */
function selectedByAny(regions: HostTensor | undefined): Set<number> {
  const selected = new Set<number>();
  for (const [at, flag] of flagsOf(regions).entries()) if (flag !== 0) selected.add(at % GRID ** 2);
  return selected;
}

function stepFeeds(geometry: Geometry, input: StepInput): Feeds {
  const { hiddenSize, headDim, kvHeads, ropeTheta, size } = geometry;
  const { past, picture, positions, highRows } = input;
  const rows = positions.length;
  const { cos, sin } = rotaryRows(positions, headDim, ropeTheta);
  const stem = past.capacity === 0 && highRows === 0;
  const feeds: Feeds = {
    inputsEmbeds: { dims: [rows, hiddenSize], data: input.embeddings },
    cos: { dims: [1, rows, headDim / 2], data: cos },
    sin: { dims: [1, rows, headDim / 2], data: sin },
    mask: { dims: [stem ? 0 : rows, past.capacity + rows], data: input.mask },
    firstHighRow: scalar(rows - highRows),
    stem: { dims: [1], data: Uint8Array.of(stem ? 1 : 0) },
  };
  const pastDims = [kvHeads, 1, past.capacity, headDim];
  for (const [layer, data] of past.k.entries()) feeds[`pastK.${layer}`] = { dims: pastDims, data };
  for (const [layer, data] of past.v.entries()) feeds[`pastV.${layer}`] = { dims: pastDims, data };
  if (picture.high === undefined) return feeds;
  feeds['imageBegin'] = scalar(picture.begin);
  feeds['imageEnd'] = scalar(picture.begin + size ** 2);
  feeds['keep'] = { dims: [size ** 2], data: picture.keep };
  return { ...feeds, ...highFeeds(geometry, picture.high) };
}

function highFeeds(geometry: Geometry, { features, ready, cos, sin, keyValues }: HighContext): Feeds {
  const { hiddenSize, headDim, kvHeads, hd } = geometry;
  const { perRegion } = regionLayout(hd);
  const feeds: Feeds = {
    highFeatures: { dims: [GRID ** 2, perRegion, hiddenSize], data: features },
    highReady: { dims: [GRID ** 2], data: ready },
    highCos: { dims: [GRID ** 2, perRegion, headDim / 2], data: cos },
    highSin: { dims: [GRID ** 2, perRegion, headDim / 2], data: sin },
  };
  const dims = [GRID ** 2, kvHeads, perRegion, headDim];
  for (const [layer, { k, v, known }] of keyValues.layers) {
    // A copy: what is known may grow before the step's results are read.
    feeds[`highKnown.${layer}`] = { dims: [GRID ** 2], data: known.slice() };
    feeds[`highK.${layer}`] = { dims, data: k };
    feeds[`highV.${layer}`] = { dims, data: v };
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

export function flagsOf(tensor: HostTensor | undefined): Uint8Array {
  if (tensor?.data instanceof Uint8Array) return tensor.data;
  throw new Error('expected a bool output');
}
