import { decoderElements, highResElements, towerElements, type CostedModel, type Looking } from './cost.js';
import { gpuMemoryNeeded, memoryNeeded } from './memory.js';

/** Bytes of a 32-bit float, to which a processor widens what is stored in 16 bits; the tower has them everywhere. */
const WIDE = 4;
/** Of the tower as it is stored. */
const STORED = 2;

/**
 * Bytes of memory that answering takes, before anything is compiled: as `loadModel` counts them of a compiled folder,
 * pictures that are kept aside. The high-resolution tokens of a GPU are all projected, whatever is selected.
 *
 * @param elementBytes - of a weight as it is stored: 2 for 16 bits
 * @param place - a GPU (the graph of a whole answer), or a processor
 */
export function plannedMemory(
  model: CostedModel,
  looking: Looking,
  elementBytes: number,
  place: 'gpu' | 'cpu',
): number {
  const { num_hidden_layers: layers, num_attention_heads: heads, vision } = model;
  const size = vision.image_size / vision.patch_size;
  const isPlain = looking.kind === 'plain';
  const geometry = {
    ...{ layers, heads, kvHeads: model.num_key_value_heads, size, hd: size * (isPlain ? 1 : model.zoom) },
    headDim: model.hidden_size / heads,
    selection: isPlain ? ('none' as const) : ('attention' as const),
    firstSelectingLayer: model.selectFromLayer,
  };
  const table = model.hidden_size * model.vocab_size;
  const decoder = decoderElements(model) + table + (isPlain ? 0 : highResElements(model));
  const stored = decoder * elementBytes;
  // Blocks of int8 and int4 are multiplied as they are; only 16 bits are widened.
  const loaded = elementBytes === 2 ? decoder * WIDE : stored;
  const tower = towerElements(model);
  const towerWeights = { stored: tower * STORED, loaded: tower * WIDE };
  const weightBytes = { vision: towerWeights, loop: { stored, loaded } };
  return place === 'gpu'
    ? gpuMemoryNeeded({ geometry, weightBytes })
    : memoryNeeded({ geometry, weightBytes }, 'steps', 0);
}
