import { parseSafetensors, writeSafetensors } from '@flexattn/model-prep';
import type { Tensor } from '@flexattn/model-prep';
import type { Random } from '../tiny/random.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { BYTE_MUTATIONS, join, TEXT_MUTATIONS } from './mutations.js';

const tensors = new Map<string, Tensor>([
  ['model.layers.0.w', { dtype: 'F32', shape: [2, 3], data: new Uint8Array(24) }],
  ['model.layers.10.w', { dtype: 'F16', shape: [4], data: new Uint8Array(8) }],
  ['empty', { dtype: 'I64', shape: [0, 7], data: new Uint8Array() }],
  ['"é\u{1f600}"', { dtype: 'BOOL', shape: [], data: new Uint8Array(1) }],
]);
const good = writeSafetensors(tensors, { format: 'pt', note: 'a "b" \\ \u0001' });
const headerEnd = 8 + Number(new DataView(good.buffer).getBigUint64(0, true));
const headerText = new TextDecoder().decode(good.subarray(8, headerEnd));

/** The file with another header, whose length stands right. */
function withHeader(text: string): Uint8Array {
  const header = new TextEncoder().encode(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return join(length, header, good.subarray(headerEnd));
}

/** Mutations of a small safetensors file, of its bytes and of its header's text. */
export const safetensorsTarget: FuzzTarget = {
  kinds: {
    ...Object.fromEntries(
      Object.entries(BYTE_MUTATIONS).map(([name, mutate]) => [
        name,
        (random: Random) => mutate(good, random),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(TEXT_MUTATIONS).map(([name, mutate]) => [
        `header ${name}`,
        (random: Random) => withHeader(mutate(headerText, random)),
      ]),
    ),
  },
  read: (bytes) => parseSafetensors(bytes, 'fuzz.safetensors'),
};
