import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './checkpoint.fixture.js';
import { DTYPE_BYTES } from './dtype.js';
import type { Dtype } from './dtype.js';
import type { Tensor } from './float32.js';
import { runPython } from './python.fixture.js';
import { parseSafetensors } from './safetensors-header.js';
import { hostileFiles } from './safetensors-hostile.fixture.js';
import { writeSafetensors } from './safetensors-writer.js';

/** Tensor sets each way. */
const SETS = 1000;

/** Reads our files with the reference and writes them again; makes as many of its own; opens the hostile ones. */
const COMPARE = String.raw`
import sys, os, json, random, struct, torch
from safetensors import deserialize
from safetensors.torch import load, save
folder, sets = sys.argv[1], int(sys.argv[2])
def header(data): return json.loads(data[8:8 + struct.unpack('<Q', data[:8])[0]])
different = []
for i in range(sets):
    data = open(f'{folder}/ours/{i}', 'rb').read()
    metadata = header(data).get('__metadata__')
    again = save(load(data), metadata)
    same = data == again if len(metadata or {}) < 2 else header(data) == header(again) and len(data) == len(again)
    if not same: different.append(i)
chance = random.Random(0)
DTYPES = [getattr(torch, n) for n in 'float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool complex64 float8_e4m3fn float8_e5m2 float8_e8m0fnu float8_e4m3fnuz float8_e5m2fnuz'.split()]
def name(): return ''.join(chance.choice('ab.019_-"\\/\n\x7f\u00e9\u4e2d\uffff\U0001f600') for _ in range(chance.randint(1, 12)))
os.makedirs(f'{folder}/theirs')
for i in range(sets):
    tensors = {}
    for _ in range(chance.randint(1 if i % 4 == 2 else 0, 6)):
        dtype = chance.choice(DTYPES)
        shape = [chance.randint(0, 4) for _ in range(chance.randint(0, 4))]
        count = 1
        for n in shape: count *= n
        raw = torch.randint(0, 2 if dtype == torch.bool else 256, (count * dtype.itemsize,), dtype=torch.uint8)
        tensors[name()] = raw.view(dtype).reshape(shape) if count else torch.zeros(shape, dtype=dtype)
    metadata = [None, {name(): name()}, {}, {name(): name() for _ in range(4)}][i % 4]
    open(f'{folder}/theirs/{i}', 'wb').write(save(tensors, metadata))
accepted = []
for i in range(len(os.listdir(f'{folder}/hostile'))):
    try: deserialize(open(f'{folder}/hostile/{i}', 'rb').read())
    except Exception: continue
    accepted.append(i)
print(json.dumps({'different': different, 'accepted': accepted}))
`;

/** xorshift32: the same sets on every machine. */
function createRandom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function randomSet(seed: number): { tensors: Map<string, Tensor>; metadata?: Record<string, string> } {
  const below = createRandom(seed + 1);
  const letters = [...'ab.019_-"\\/\n\u007f\u00e9\u4e2d\uffff\u{1f600}'];
  const text = (): string =>
    Array.from({ length: 1 + below(12) }, () => letters[below(letters.length)]).join('');
  // The reference writes F8_E8M0 from torch, but does not read it.
  const dtypes = (Object.keys(DTYPE_BYTES) as Dtype[]).filter((dtype) => dtype !== 'F8_E8M0');
  const tensors = new Map<string, Tensor>();
  // The reference writes broken files of empty metadata without tensors.
  for (let n = seed % 4 === 2 ? 1 + below(6) : below(7); n > 0; n--) {
    const dtype = dtypes[below(dtypes.length)] ?? 'F32';
    const shape = Array.from({ length: below(5) }, () => below(5));
    const bytes = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
    const data = Uint8Array.from({ length: bytes }, () => below(dtype === 'BOOL' ? 2 : 256));
    tensors.set(text(), { dtype, shape, data });
  }
  if (seed % 4 === 0) return { tensors };
  const keys = [0, 1, 0, 4][seed % 4] ?? 0;
  return { tensors, metadata: Object.fromEntries(Array.from({ length: keys }, () => [text(), text()])) };
}

let root: string;
let report: { different: number[]; accepted: number[] };
beforeAll(() => {
  root = temporaryFolder();
  for (const folder of ['ours', 'hostile']) mkdirSync(join(root, folder));
  for (let i = 0; i < SETS; i++) {
    const { tensors, metadata } = randomSet(i);
    writeFileSync(join(root, 'ours', String(i)), writeSafetensors(tensors, metadata));
  }
  hostileFiles.forEach(({ reject }, i) => {
    writeFileSync(join(root, 'hostile', String(i)), new Uint8Array(reject));
  });
  report = JSON.parse(runPython(COMPARE, root, String(SETS))) as typeof report;
}, 120_000); // torch takes seconds to import on a busy machine
afterAll(() => rmSync(root, { recursive: true }));

describe('the reference implementation', () => {
  it(`reads ${SETS} random sets that we wrote, and writes the same bytes`, () => {
    expect(report.different).toEqual([]);
  });

  it(`writes ${SETS} random sets that we read, and we write the same bytes`, async () => {
    for (let i = 0; i < SETS; i++) {
      const bytes = new Uint8Array(readFileSync(join(root, 'theirs', String(i))));
      const { dataStart, tensors, metadata } = await parseSafetensors(bytes, String(i));
      const read = new Map<string, Tensor>();
      for (const { name, dtype, shape, dataOffsets } of tensors.values()) {
        const [begin, end] = dataOffsets;
        read.set(name, { dtype, shape, data: bytes.slice(dataStart + begin, dataStart + end) });
      }
      const hasMetadata = metadata.size > 0 || i % 4 === 2;
      const ours = writeSafetensors(read, hasMetadata ? Object.fromEntries(metadata) : undefined);
      if (metadata.size < 2) expect(Buffer.compare(ours, bytes), `set ${i}`).toBe(0);
      else expect(await parseSafetensors(ours, String(i))).toEqual({ dataStart, tensors, metadata });
    }
  });

  it('accepts of the files that we refuse only those that the README lists', () => {
    expect(report.accepted.map((i) => hostileFiles[i]?.what)).toEqual([
      'a space before the header',
      'line breaks as padding',
      'the same tensor twice',
      'the same tensor twice, once escaped',
      '__proto__ twice',
      'a metadata key twice',
      'a field that the format does not have',
      '65 dimensions',
      'a dimension of 2^53 beside one of 0',
      'a name of ten million characters',
      'a dtype of half a byte',
    ]);
  });
});
