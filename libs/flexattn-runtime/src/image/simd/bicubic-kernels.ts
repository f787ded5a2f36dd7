import { PRECISION_BITS } from '../bicubic.js';
import { BAND_ROWS } from '../raster.js';
import {
  advance,
  i16x8,
  i32,
  i32x4,
  i8x16,
  NOTHING,
  repeatWhile,
  v128,
  wasmFunction,
  ZERO,
} from './assembler.js';
import type { Code, Local, WasmFunction } from './assembler.js';

/** Rows of the picture that `columns` resizes at a time, so that they share the loading of weights; a band has whole ones. */
export const ROWS_AT_ONCE = BAND_ROWS;
/** Bits of a weight's lower half; the upper half is what is left, so that both fit in 16 bits with their signs. */
export const LOW_BITS = 15;
/** Bytes of two weights in halves: the lower halves of both, then the upper halves, 16 bits each. */
export const PAIR_BYTES = 8;
/** Pixels that `columns` weighs at a time, in two pairs. */
export const TAPS_AT_ONCE = 4;
/** What sums begin with: rounds to the nearest whole number when the bits behind the point are cut off. */
const HALVES = v128.const([
  ...new Uint8Array(Int32Array.from({ length: 4 }, () => 1 << (PRECISION_BITS - 1)).buffer),
]);

/** Red, green and blue of a pixel beside those of the next one: 16-bit numbers r r g g b b 0 0. */
function pixelPair(pixels: Code): Code {
  const lanes = [0, 1, 2].flatMap((channel) => [channel, ZERO, 3 + channel, ZERO]);
  return i8x16.swizzle(pixels, v128.const([...lanes, ZERO, ZERO, ZERO, ZERO]));
}

/** Four sums, put together from their halves, cut to whole numbers. */
function wholeSums(low: Code, high: Code): Code {
  return i32x4.shrS(i32x4.add(low, i32x4.shl(high, LOW_BITS)), PRECISION_BITS);
}

const weigh = (sum: Local, values: Code, weights: Code): Code =>
  sum.set(i32x4.add(sum.get, i32x4.dotI16x8S(values, weights)));

/**
 * One pass of Pillow's bicubic over rows: weighs the pixels of `ROWS_AT_ONCE` rows, `sourceStride` bytes apart, for
 * every entry of a table: the window's first byte in a row, then its weights in pairs, `groups` times two.
 */
export function columns(): WasmFunction {
  const rows = [0, 1, 2, 3] as const;
  return wasmFunction(
    'columns',
    ['source', 'sourceStride', 'target', 'targetStride', 'table', 'tableEnd', 'groupBytes'],
    {
      ...{ groupsEnd: 'i32', window: 'i32', at0: 'i32', at1: 'i32', at2: 'i32', at3: 'i32' },
      ...{ low0: 'v128', low1: 'v128', low2: 'v128', low3: 'v128' },
      ...{ high0: 'v128', high1: 'v128', high2: 'v128', high3: 'v128' },
      ...{ pixels: 'v128', lowA: 'v128', highA: 'v128', lowB: 'v128', highB: 'v128', pair: 'v128' },
    },
    (v) => [
      repeatWhile(
        i32.ltU(v.table.get, v.tableEnd.get),
        v.at0.set(i32.add(v.source.get, i32.load(v.table.get))),
        v.at1.set(i32.add(v.at0.get, v.sourceStride.get)),
        v.at2.set(i32.add(v.at1.get, v.sourceStride.get)),
        v.at3.set(i32.add(v.at2.get, v.sourceStride.get)),
        ...rows.flatMap((row) => [v[`low${row}`].set(HALVES), v[`high${row}`].set(NOTHING)]),
        advance(v.table, 4),
        v.groupsEnd.set(i32.add(v.table.get, v.groupBytes.get)),
        repeatWhile(
          i32.ltU(v.table.get, v.groupsEnd.get),
          v.lowA.set(v128.load32Splat(v.table.get)),
          v.highA.set(v128.load32Splat(v.table.get, 4)),
          v.lowB.set(v128.load32Splat(v.table.get, 8)),
          v.highB.set(v128.load32Splat(v.table.get, 12)),
          ...rows.flatMap((row) => [
            v.pair.set(pixelPair(v128.load(v[`at${row}`].get))),
            weigh(v[`low${row}`], v.pair.get, v.lowA.get),
            weigh(v[`high${row}`], v.pair.get, v.highA.get),
            v.pair.set(pixelPair(v128.load(v[`at${row}`].get, 6))),
            weigh(v[`low${row}`], v.pair.get, v.lowB.get),
            weigh(v[`high${row}`], v.pair.get, v.highB.get),
            advance(v[`at${row}`], 3 * TAPS_AT_ONCE),
          ]),
          advance(v.table, 2 * PAIR_BYTES),
        ),
        v.window.set(v.target.get),
        ...rows.flatMap((row) => [
          v.pixels.set(wholeSums(v[`low${row}`].get, v[`high${row}`].get)),
          v.pixels.set(i16x8.narrowI32x4S(v.pixels.get, v.pixels.get)),
          v128.store32Lane0(v.window.get, i8x16.narrowI16x8U(v.pixels.get, v.pixels.get)),
          v.window.set(i32.add(v.window.get, v.targetStride.get)),
        ]),
        advance(v.target, 3),
      ),
    ],
  );
}

/** Lanes that put eight bytes of two vectors side by side, from byte `from` on. */
function interleaved(from: number): number[] {
  return Array.from({ length: 8 }, (_, index) => [from + index, 16 + from + index]).flat();
}

/**
 * The other pass: one row of bytes from many. The table: where rows begin, in pairs; their weights lie in pairs at
 * `weights`.
 */
export function rows(): WasmFunction {
  const quarters = [0, 1, 2, 3] as const;
  return wasmFunction(
    'rows',
    ['target', 'targetEnd', 'table', 'tableEnd', 'weights'],
    {
      ...{ x: 'i32', entry: 'i32', pairAt: 'i32', first: 'v128', second: 'v128', near: 'v128', far: 'v128' },
      ...{ pair: 'v128', lowWeights: 'v128', highWeights: 'v128' },
      ...{ low0: 'v128', low1: 'v128', low2: 'v128', low3: 'v128' },
      ...{ high0: 'v128', high1: 'v128', high2: 'v128', high3: 'v128' },
    },
    (v) => {
      const half = (quarter: 0 | 1 | 2 | 3) => (quarter < 2 ? v.near : v.far);
      const extend = (quarter: 0 | 1 | 2 | 3) =>
        (quarter % 2 === 0 ? i16x8.extendLowI8x16U : i16x8.extendHighI8x16U)(half(quarter).get);
      const sums = (quarter: 0 | 1 | 2 | 3) => wholeSums(v[`low${quarter}`].get, v[`high${quarter}`].get);
      return [
        repeatWhile(
          i32.ltU(v.target.get, v.targetEnd.get),
          ...quarters.flatMap((at) => [v[`low${at}`].set(HALVES), v[`high${at}`].set(NOTHING)]),
          v.entry.set(v.table.get),
          v.pairAt.set(v.weights.get),
          repeatWhile(
            i32.ltU(v.entry.get, v.tableEnd.get),
            v.first.set(v128.load(i32.add(i32.load(v.entry.get), v.x.get))),
            v.second.set(v128.load(i32.add(i32.load(v.entry.get, 4), v.x.get))),
            v.lowWeights.set(v128.load32Splat(v.pairAt.get)),
            v.highWeights.set(v128.load32Splat(v.pairAt.get, 4)),
            v.near.set(i8x16.shuffle(v.first.get, v.second.get, interleaved(0))),
            v.far.set(i8x16.shuffle(v.first.get, v.second.get, interleaved(8))),
            ...quarters.flatMap((quarter) => [
              v.pair.set(extend(quarter)),
              weigh(v[`low${quarter}`], v.pair.get, v.lowWeights.get),
              weigh(v[`high${quarter}`], v.pair.get, v.highWeights.get),
            ]),
            advance(v.entry, 8),
            advance(v.pairAt, PAIR_BYTES),
          ),
          v128.store(
            v.target.get,
            i8x16.narrowI16x8U(i16x8.narrowI32x4S(sums(0), sums(1)), i16x8.narrowI32x4S(sums(2), sums(3))),
          ),
          advance(v.target, 16),
          advance(v.x, 16),
        ),
      ];
    },
  );
}
