import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../checkpoint.fixture.js';
import { runPython } from '../python.fixture.js';
import { parseSafetensors } from '../safetensors-header.js';
import { readTorchZip } from '../torch-zip.js';
import { convertCheckpoint } from './convert.js';
import { readTensorBytes } from './tensor-bytes.js';
import { withWeightFile } from './weight-file.js';

/** Files of `torch.save`, each beside what `safetensors` writes for contiguous copies of the same tensors. */
const MAKE = String.raw`
import sys, os, collections, torch
from torch import nn
from safetensors.torch import save_file
out = sys.argv[1]
torch.manual_seed(0)
def both(name, state, **options):
    folder = f'{out}/{name}'
    os.makedirs(folder)
    torch.save(state, f'{folder}/pytorch_model.bin', **options)
    save_file({k: v.detach().contiguous().clone() for k, v in state.items()}, f'{out}/{name}.safetensors', {'format': 'pt'})
a = torch.randn(6, 5, 4)
both('module', nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Embedding(5, 3)).state_dict())
both('half', nn.Linear(7, 3).half().state_dict())
both('views', {'whole': a, 'transposed': a.transpose(0, 2), 'part': a[1:5, ::2, 3], 'flip': a.permute(2, 0, 1), 'row': a[3],
    'last': a[5, 4, 3], 'empty': a[:0], 'expanded': a[:, :1, :1].expand(6, 1, 3)[:, :, :1], 'tied': a})
both('parameters', {'p': nn.Parameter(torch.randn(3, 2)), 'frozen': nn.Parameter(torch.randn(2), requires_grad=False)})
names = 'float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool complex64 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz'
both('dtypes', {n: torch.randint(0, 2, (48,), dtype=torch.uint8).view(getattr(torch, n)).reshape(2, -1) for n in names.split()})
both('names', {'': a[0, 0], 'a"b\\c\n': a[0, 1], '\u00e9\U0001f600': a[0, 2], '__proto__': a[0, 3], 'x.10': a[1, 0], 'x.9': a[1, 1]})
both('ordered', collections.OrderedDict((str(i), torch.full((i % 5,), i)) for i in range(1500)))
both('scalars', {'a': torch.tensor(1.5), 'b': torch.tensor([]), 'c': torch.zeros(0, 3), 'd': torch.zeros(3, 0, 2)})
both('none', {})
torch.serialization.set_crc32_options(False)
both('no-crc', {'a': a})
torch.serialization.set_crc32_options(True)
refused = f'{out}/refused'
os.makedirs(refused)
class Evil:
    def __reduce__(self): return (os.system, ('touch ' + refused + '/executed',))
cases = {
  'PICKLE_GLOBAL evil': {'a': a, 'b': Evil()}, 'PICKLE_GLOBAL module': nn.Linear(2, 2), 'PICKLE_GLOBAL size': {'a': a.shape},
  'PICKLE_GLOBAL sparse': {'a': torch.eye(3).to_sparse()}, 'PICKLE_GLOBAL numpy': {'a': a.numpy()},
  'BAD_STATE_DICT training': {'model': {'a': a}, 'epoch': 3}, 'BAD_STATE_DICT tensor': a, 'PICKLE_OPCODE float': {'a': a, 'lr': .1},
  'BAD_VIEW expanded': {'a': torch.zeros(1).expand(1000)}, 'BAD_VIEW conjugate': {'a': torch.zeros(2, dtype=torch.complex64).conj()},
}
for name, value in cases.items(): torch.save(value, f'{refused}/{name}.bin')
torch.save({'a': a}, f'{refused}/LEGACY_PICKLE old.bin', _use_new_zipfile_serialization=False)
torch.save({'a': a}, f'{refused}/PICKLE_OPCODE protocol 4.bin', pickle_protocol=4)
torch.jit.script(nn.Linear(2, 2)).save(f'{refused}/ZIP_UNSUPPORTED script.bin')
`;

let root: string;
beforeAll(() => {
  root = join(temporaryFolder(), 'files');
  mkdirSync(root);
  runPython(MAKE, root);
}, 120_000); // torch takes seconds to import on a busy machine
afterAll(() => rmSync(join(root, '..'), { recursive: true }));

const names = [
  'module',
  'half',
  'views',
  'parameters',
  'dtypes',
  'names',
  'ordered',
  'scalars',
  'none',
  'no-crc',
];

describe('readTorchZip', () => {
  it.each(names)('reads the tensors of %s as PyTorch does', async (name) => {
    const file = join(root, name, 'pytorch_model.bin');
    const { tensors } = await withWeightFile(file, (source) => readTorchZip(source, file));
    const reference = readFileSync(join(root, `${name}.safetensors`));
    const header = await parseSafetensors(reference, name);
    expect([...tensors.keys()].sort()).toEqual([...header.tensors.keys()].sort());
    for (const tensor of tensors.values()) {
      const expected = header.tensors.get(tensor.name);
      expect([tensor.dtype, tensor.shape]).toEqual([expected?.dtype, expected?.shape]);
      const pieces: Uint8Array[] = [];
      for await (const piece of readTensorBytes(file, tensor)) pieces.push(piece);
      const [begin = NaN, end = NaN] = expected?.dataOffsets ?? [];
      const bytes = reference.subarray(header.dataStart + begin, header.dataStart + end);
      expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0);
    }
  });

  it('refuses what is no plain state dict by its code, and executes nothing', async () => {
    const folder = join(root, 'refused');
    const files = readdirSync(folder);
    expect(files).toHaveLength(13);
    for (const name of files) {
      const file = join(folder, name);
      const refusal = withWeightFile(file, (source) => readTorchZip(source, file));
      await expect(refusal, name).rejects.toMatchObject({ code: name.split(' ')[0], file });
    }
    expect(readdirSync(folder)).toEqual(files);
  });
});

describe('convertCheckpoint', () => {
  it.each(names)('writes for %s the bytes of the reference implementation', async (name) => {
    const out = join(root, `${name}-converted`);
    const report = await convertCheckpoint({ checkpoint: join(root, name), out });
    const written = readFileSync(join(out, 'model.safetensors'));
    expect(Buffer.compare(written, readFileSync(join(root, `${name}.safetensors`)))).toBe(0);
    expect(report.files).toEqual([{ path: 'model.safetensors', bytes: written.byteLength, how: 'written' }]);
  });
});
