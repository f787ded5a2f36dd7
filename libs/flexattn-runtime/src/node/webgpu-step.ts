import { attendingLayers, selectingLayers } from '../geometry.js';
import type { Geometry } from '../geometry.js';
import { MASKED } from '../graphs/attention.js';
import { keyValueNames } from '../graphs/device-context.js';
import { stepMask } from '../masks.js';
import { rotaryRows } from '../positions.js';
import { chosenRegions, GRID } from '../regions.js';
import type { LayerRegions } from '../regions.js';
import { tileOrder } from '../tile-order.js';
import { floatsOf } from './decoder.js';
import type { HostTensor } from './session.js';
import type { DeviceFeeds } from './webgpu-session.js';
import type { DeviceTensors, WebGpuPicture } from './webgpu-picture.js';

/** The rows of one step, in the order of the sequence. */
export interface StepRows {
  /** Token ids; an image token's row among the picture's is `~id`, so below 0. */
  ids: readonly number[];
  /** Absolute. */
  positions: readonly number[];
  /** 0 for what every later row sees, else the option that the row belongs to. */
  branches: readonly number[];
  /** The last so many are high-res rows, whose logits and regions are asked for; 0 in a stem. */
  highRows: number;
}

/** What a step starts from. */
export interface StepPast {
  picture: WebGpuPicture;
  /** Position of the picture's first low-res token. */
  imageBegin: number;
  /** `nextKT.i`, `nextV.i` of the run that made them; absent where there is none. */
  stem: DeviceTensors | undefined;
  /** The same of the positions behind the stem. */
  grown: DeviceTensors | undefined;
  /** `highKT.i`, `highV.i`; absent where no row is a high-res row. */
  high: DeviceTensors | undefined;
}

/** Feeds of the graph `step`. Where there is no past, one masked position stands for it: WebGPU refuses zero rows. */
export class StepFeeds {
  readonly #geometry: Geometry;
  readonly #hasHalfKeyValues: boolean;
  readonly #regionOf: HostTensor;

  constructor(geometry: Geometry, hasHalfKeyValues: boolean) {
    this.#geometry = geometry;
    this.#hasHalfKeyValues = hasHalfKeyValues;
    this.#regionOf = integers(tileOrder(geometry.size, geometry.zoom).regions);
  }

  of(rows: StepRows, past: StepPast): DeviceFeeds {
    const { headDim, ropeTheta, layers, selection } = this.#geometry;
    const { ids, positions, branches, highRows } = rows;
    const count = ids.length;
    const { cos, sin } = rotaryRows(positions, headDim, ropeTheta);
    const [stemColumns, grownColumns] = [columnsOf(past.stem), columnsOf(past.grown)];
    // The last row is read in a stem too, though nobody asks for it: a graph has no output of zero rows either.
    const read = Math.max(highRows, 1);
    const all = Array.from({ length: layers }, (_, layer) => layer);
    const feeds: DeviceFeeds = {
      ids: integers(ids.map((id) => Math.max(id, 0))),
      isImage: { dims: [count, 1], data: Uint8Array.from(ids, (id) => (id < 0 ? 1 : 0)) },
      imagePlace: integers(ids.map((id) => (id < 0 ? ~id : 0))),
      low: past.picture.low,
      cos: { dims: [1, count, headDim / 2], data: cos },
      sin: { dims: [1, count, headDim / 2], data: sin },
      stemMask: behindDummy(count, new Float32Array(count * stemColumns)),
      ownMask: behindDummy(count, stepMask(branches, grownColumns, grownColumns)),
      readRows: integers(Array.from({ length: read }, (_, row) => count - read + row)),
      ...this.#keyValues('stem', all, past.stem),
      ...this.#keyValues('grown', all, past.grown),
    };
    if (selection === 'none') return feeds;
    const high = this.#keyValues('high', attendingLayers(this.#geometry), past.high, 'high');
    return { ...feeds, ...high, ...this.#pictureFeeds(rows, past, stemColumns) };
  }

  /** What the first of R high-res rows selected, of the table [selecting layers, R, 81]. */
  regions(table: HostTensor | undefined): LayerRegions[] {
    const layers = selectingLayers(this.#geometry);
    if (layers.length === 0) return [];
    const [, rows = 1] = table?.dims ?? [];
    const flags = floatsOf(table);
    return layers.map((layer, index) => {
      const at = index * rows * GRID ** 2;
      return { layer, rows: chosenRegions(flags.subarray(at, at + GRID ** 2)) };
    });
  }

  #pictureFeeds({ ids, highRows }: StepRows, past: StepPast, stemColumns: number): DeviceFeeds {
    const { size } = this.#geometry;
    // Each of both pasts begins with a masked position; without a stem the picture lies in the second.
    const begin = past.imageBegin + 1 + (past.stem === undefined ? stemColumns : 0);
    const rowMask = Float32Array.from(ids, (_, row) => (row < ids.length - highRows ? MASKED : 0));
    return {
      imageBegin: integers([begin]),
      imageEnd: integers([begin + size ** 2]),
      keep: { dims: [size ** 2], data: past.picture.keep },
      rowMask: { dims: [ids.length, 1], data: rowMask },
      regionOf: past.high === undefined ? integers([0]) : this.#regionOf,
    };
  }

  /** Keys and values under the names of the inputs `name`; zeros of one position where there are none. */
  #keyValues(
    name: string,
    layers: readonly number[],
    values: DeviceTensors | undefined,
    from = 'next',
  ): DeviceFeeds {
    const { kvHeads, headDim } = this.#geometry;
    const zeros = new (this.#hasHalfKeyValues ? Uint16Array : Float32Array)(kvHeads * headDim);
    const sources = keyValueNames(from, layers);
    return Object.fromEntries(
      keyValueNames(name, layers).map((input, index) => {
        const dims = input.startsWith(`${name}KT`) ? [kvHeads, 1, headDim, 1] : [kvHeads, 1, 1, headDim];
        return [input, values?.[sources[index] ?? ''] ?? { dims, data: zeros }];
      }),
    );
  }
}

/** Columns of keys and values, the masked one included. */
function columnsOf(values: DeviceTensors | undefined): number {
  return values?.['nextV.0']?.dims[2] ?? 1;
}

/** The mask with its first column closed. */
function behindDummy(rows: number, data: Float32Array): HostTensor {
  const columns = data.length / rows;
  for (let row = 0; row < rows; row++) data[row * columns] = MASKED;
  return { dims: [rows, columns], data };
}

function integers(values: ArrayLike<number>): HostTensor {
  return { dims: [values.length], data: BigInt64Array.from(Array.from(values), BigInt) };
}
