import { readTorchZip } from '@flexattn/model-prep';
import type { Random } from '../tiny/random.js';
import { corpusFile } from './corpus.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { BYTE_MUTATIONS, join } from './mutations.js';

/**
 * Written by PyTorch 2.13 without CRCs, so that a changed pickle is read and not only found damaged:
 *
 *     torch.serialization.set_crc32_options(False)
 *     a = torch.arange(6.).reshape(2, 3)
 *     sd = torch.nn.Linear(2, 2).half().state_dict()
 *     sd.update(a=a, t=a.t(), part=a[:, 1], p=torch.nn.Parameter(a.bfloat16()), u=a.to(torch.uint16))
 *     torch.save(sd, 'state-dict.bin')
 */
const good = corpusFile('torch-zip/state-dict.bin');
/** Where data.pkl lies in it, and where the directory begins. */
const PICKLE = [64, 815] as const;
const DIRECTORY = 2104;

/** Changes one part of the file and leaves its length as it is, so that sizes and offsets stay right. */
function within(begin: number, end: number, mutate: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const part = new Uint8Array(end - begin);
  part.set(mutate(good.subarray(begin, end)).subarray(0, part.length));
  return join(good.subarray(0, begin), part, good.subarray(end));
}

/** Mutations of a small PyTorch file: of all its bytes, of its pickle, of its directory. */
export const torchZipTarget: FuzzTarget = {
  kinds: Object.fromEntries(
    Object.entries(BYTE_MUTATIONS).flatMap(([name, mutate]) => [
      [name, (random: Random) => mutate(good, random)],
      [`pickle ${name}`, (random: Random) => within(...PICKLE, (bytes) => mutate(bytes, random))],
      [
        `directory ${name}`,
        (random: Random) => within(DIRECTORY, good.length, (bytes) => mutate(bytes, random)),
      ],
    ]),
  ),
  read: (bytes) => readTorchZip(bytes, 'fuzz.bin'),
};
