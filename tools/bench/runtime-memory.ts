import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Geometry } from '@flexattn/flexattn-runtime';
import { QUESTION } from './questions.js';

/** Bytes that the process of a model may take beyond its weights, keys and values. */
const BEYOND = 1e9;
const FLOAT_BYTES = 4;

/** What the process of a model with one file of weights may take: weights, keys and values of one picture, 1 GB. */
export async function memoryLimit(dir: string, geometry: Geometry): Promise<number> {
  const { layers, kvHeads, headDim, size, hd, firstSelectingLayer } = geometry;
  const weights = (await stat(join(dir, 'model.safetensors'))).size;
  const ordinary = layers * (size ** 2 + QUESTION.length);
  const high = (layers - 1 - firstSelectingLayer) * hd ** 2;
  return weights + 2 * kvHeads * headDim * FLOAT_BYTES * (ordinary + high) + BEYOND;
}
