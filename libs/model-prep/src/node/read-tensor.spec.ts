import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TensorInfo } from '../tensor-info.js';
import { readTensor } from './read-tensor.js';

it('reads no tensor of more than 2 GiB at once, and says so before it takes the memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'model-prep-'));
  const file = join(folder, 'model.safetensors');
  const tensor = (rows: number): TensorInfo => {
    return { name: 'w', file, dtype: 'U8', shape: [rows], byteOffset: 0, byteLength: rows };
  };
  try {
    await writeFile(file, '');
    await truncate(file, 2 ** 31 + 1);
    await expect(readTensor(folder, tensor(2 ** 31 + 1))).rejects.toThrow(
      /model.safetensors\[w\]: expected at most 2147483648 bytes, got 2147483649.*TENSOR_TOO_LARGE/,
    );
    expect((await readTensor(folder, tensor(16))).data).toEqual(new Uint8Array(16));
  } finally {
    await rm(folder, { recursive: true });
  }
});
