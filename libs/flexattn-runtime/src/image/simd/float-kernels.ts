import { CLIP_MEAN, CLIP_STD } from '../raster.js';
import {
  advance,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i8x16,
  NOTHING,
  repeatWhile,
  v128,
  wasmFunction,
  ZERO,
} from './assembler.js';
import type { Code, Local, WasmFunction } from './assembler.js';

/** A row of `(value / 255 - mean) / std`, one plane of 32-bit floats a channel, from a row of pixels. */
export function normalise(): WasmFunction {
  const splat = (value: number) =>
    v128.const([...new Uint8Array(Float32Array.from({ length: 4 }, () => value).buffer)]);
  const levels = (pixels: Code, channel: number) =>
    f32x4.convertI32x4U(
      i8x16.swizzle(pixels, v128.const([0, 3, 6, 9].flatMap((pixel) => [pixel + channel, ZERO, ZERO, ZERO]))),
    );
  return wasmFunction(
    'normalise',
    ['source', 'red', 'redEnd', 'planeBytes'],
    { pixels: 'v128', target: 'i32' },
    (v) => [
      repeatWhile(
        i32.ltU(v.red.get, v.redEnd.get),
        v.pixels.set(v128.load(v.source.get)),
        v.target.set(v.red.get),
        ...[0, 1, 2].flatMap((channel) => [
          v128.store(
            v.target.get,
            f32x4.div(
              f32x4.sub(f32x4.div(levels(v.pixels.get, channel), splat(255)), splat(CLIP_MEAN[channel] ?? 0)),
              splat(CLIP_STD[channel] ?? 1),
            ),
          ),
          v.target.set(i32.add(v.target.get, v.planeBytes.get)),
        ]),
        advance(v.source, 12),
        advance(v.red, 16),
      ),
    ],
  );
}

/**
 * One row of 32-bit floats from many, summed in 64 bits. An entry of the table: where a row begins, 4 bytes for
 * alignment, its weight in 64 bits.
 */
export function floatRows(): WasmFunction {
  return wasmFunction(
    'floatRows',
    ['target', 'targetEnd', 'table', 'tableEnd'],
    { x: 'i32', entry: 'i32', at: 'i32', weight: 'v128', near: 'v128', far: 'v128' },
    (v) => {
      const add = (sum: Local, offset: number) =>
        sum.set(
          f64x2.add(
            sum.get,
            f64x2.mul(f64x2.promoteLowF32x4(v128.load64Zero(v.at.get, offset)), v.weight.get),
          ),
        );
      const joined = i8x16.shuffle(
        f32x4.demoteF64x2Zero(v.near.get),
        f32x4.demoteF64x2Zero(v.far.get),
        [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23],
      );
      return [
        repeatWhile(
          i32.ltU(v.target.get, v.targetEnd.get),
          v.near.set(NOTHING),
          v.far.set(NOTHING),
          v.entry.set(v.table.get),
          repeatWhile(
            i32.ltU(v.entry.get, v.tableEnd.get),
            v.at.set(i32.add(i32.load(v.entry.get), v.x.get)),
            v.weight.set(v128.load64Splat(v.entry.get, 8)),
            add(v.near, 0),
            add(v.far, 8),
            advance(v.entry, 16),
          ),
          v128.store(v.target.get, joined),
          advance(v.target, 16),
          advance(v.x, 16),
        ),
      ];
    },
  );
}

/** The other pass of that filter over one plane's row. An entry: the window's first byte, then `weightBytes` of weights. */
export function floatColumns(): WasmFunction {
  return wasmFunction(
    'floatColumns',
    ['source', 'target', 'table', 'tableEnd', 'weightBytes'],
    { at: 'i32', weightsEnd: 'i32', sum: 'f64' },
    (v) => [
      repeatWhile(
        i32.ltU(v.table.get, v.tableEnd.get),
        v.at.set(i32.add(v.source.get, i32.load(v.table.get))),
        advance(v.table, 8),
        v.weightsEnd.set(i32.add(v.table.get, v.weightBytes.get)),
        v.sum.set(f64.const(0)),
        repeatWhile(
          i32.ltU(v.table.get, v.weightsEnd.get),
          v.sum.set(f64.add(v.sum.get, f64.mul(f64.promoteF32(f32.load(v.at.get)), f64.load(v.table.get)))),
          advance(v.at, 4),
          advance(v.table, 8),
        ),
        f32.store(v.target.get, f32.demoteF64(v.sum.get)),
        advance(v.target, 4),
      ),
    ],
  );
}
