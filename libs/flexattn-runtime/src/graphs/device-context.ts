import { attendingLayers } from '../geometry.js';
import type { Geometry } from '../geometry.js';
import { productType } from './dense-products.js';
import type { DenseContext } from './dense-products.js';
import type { GraphContext } from './context.js';

/**
 * The context of WebGPU's graphs: products in float16 where the device has it and the checkpoint stores 16 bits
 * (bfloat16 becomes float16 while it is loaded: WebGPU has no such type), else in 32-bit floats.
 */
export function deviceContext(base: GraphContext): DenseContext {
  const stored = productType({ ...base, lacksBfloat16: false });
  return { ...base, type: base.hasFloat16 === true && stored !== 'FLOAT' ? 'FLOAT16' : 'FLOAT' };
}

/** Outputs that stay on the device, by graph; the others, which the host gets, are declared behind them. */
export function deviceOutputs(geometry: Geometry): Readonly<Record<string, readonly string[]>> {
  const layers = Array.from({ length: geometry.layers }, (_, layer) => layer);
  return {
    plainVision: ['features'],
    high: keyValueNames('high', attendingLayers(geometry)),
    step: [...keyValueNames('next', layers), 'logits'],
  };
}

/** Names of keys and values, layer by layer. */
export function keyValueNames(name: string, layers: readonly number[]): string[] {
  return layers.flatMap((layer) => [`${name}KT.${layer}`, `${name}V.${layer}`]);
}
