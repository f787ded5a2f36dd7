import { existsSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointFolders, decoderTensors, snapshot, tensor, withHighRes } from '../checkpoint.fixture.js';
import { convertCheckpoint } from './convert.js';
import { initialiseHighResProjections } from './initialise.js';
import type { InitOptions, InitReport } from './initialise.js';
import { openCheckpoint } from './open-checkpoint.js';

const { path, fresh } = checkpointFolders();
const pytorch = (parts: Parameters<typeof fresh>[0] = {}): string => fresh({ ...parts, format: 'pytorch' });

async function init(
  checkpoint: string,
  options: Partial<InitOptions> = {},
): Promise<{ out: string; report: InitReport }> {
  const out = options.out ?? path();
  const before = snapshot(checkpoint);
  try {
    return { out, report: await initialiseHighResProjections({ checkpoint, out, ...options }) };
  } finally {
    expect(snapshot(checkpoint)).toEqual(before);
  }
}

/** Changes the last byte of what `tensor` is in a PyTorch file. */
function damage(file: string, data: Uint8Array): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(data) + data.byteLength - 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

describe('initialiseHighResProjections of PyTorch files', () => {
  it.each([1, 3])('writes %i files again as safetensors, with projections', async (shards) => {
    const checkpoint = pytorch({ shards });
    const { out, report } = await init(checkpoint);
    expect(report).toMatchObject({ state: 'initialised', added: 22, layers: 11 });
    const [before, after] = [await openCheckpoint(checkpoint), await openCheckpoint(out)];
    expect(after.files.slice(0, 2)).toEqual([
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
    ]);
    expect(after.tensors.size).toBe(before.tensors.size + 22);
    for (const name of after.tensors.keys())
      expect(await after.read(name)).toEqual(await before.read(name.replace('_proj_hd.', '_proj.')));
    expect(readdirSync(out).filter((name) => name.includes('pytorch'))).toEqual([]);
  });

  it.each([1, 3])('gives for %i files what a conversion and then an initialisation give', async (shards) => {
    const checkpoint = pytorch({ shards });
    const converted = path();
    const maxShardBytes = 3000;
    await convertCheckpoint({ checkpoint, out: converted, maxShardBytes });
    const expected = snapshot((await init(converted, { maxShardBytes })).out);
    expect(Object.keys(expected).filter((name) => name.endsWith('.safetensors')).length).toBeGreaterThan(4);
    expect(snapshot((await init(checkpoint, { maxShardBytes })).out)).toEqual(expected);
  });

  it('says that there is nothing to do the second time, and no more where a byte changed', async () => {
    const checkpoint = pytorch({ shards: 2 });
    const { out } = await init(checkpoint);
    const before = snapshot(out);
    expect((await init(checkpoint, { out })).report).toMatchObject({ added: 0, state: 'already' });
    expect(snapshot(out)).toEqual(before);
    const file = join(out, 'model-00001-of-00002.safetensors');
    const { atime, mtime } = statSync(file);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1));
    utimesSync(file, atime, mtime);
    await expect(init(checkpoint, { out })).rejects.toMatchObject({ code: 'OUT_EXISTS' });
  });

  it('completes, leaves trained ones alone, and replaces them where it is told to', async () => {
    const some = await init(
      pytorch({ tensors: withHighRes(decoderTensors(), (name) => !name.includes('.4.')) }),
    );
    expect(some.report).toMatchObject({ added: 2, state: 'completed' });
    expect((await openCheckpoint(some.out)).files[0]).toBe('model-00001-of-00002.safetensors');
    const name = 'model.layers.3.self_attn.v_proj_hd.weight';
    const trained = withHighRes(decoderTensors()).set(name, tensor('trained', [4, 8], 'F16'));
    const checkpoint = pytorch({ tensors: trained });
    const alone = await init(checkpoint);
    expect(alone.report).toMatchObject({ added: 0, state: 'trained' });
    expect(await (await openCheckpoint(alone.out)).read(name)).toMatchObject(trained.get(name) ?? {});
    const { out, report } = await init(checkpoint, { force: true });
    expect(report).toMatchObject({ added: 22, state: 'initialised' });
    const after = await openCheckpoint(out);
    expect(await after.read(name)).toEqual(await after.read(name.replace('_hd', '')));
  });

  it('refuses damaged files and leaves nothing behind', async () => {
    const checkpoint = pytorch();
    damage(join(checkpoint, 'pytorch_model.bin'), tensor('lm_head.weight', [16, 8], 'F16').data);
    const out = path();
    await expect(init(checkpoint, { out })).rejects.toMatchObject({ code: 'CRC_MISMATCH' });
    expect([existsSync(out), existsSync(`${out}.partial`)]).toEqual([false, false]);
  });

  it('is refused in place, with what to do', async () => {
    const failure = initialiseHighResProjections({ checkpoint: pytorch(), inPlace: true });
    await expect(failure).rejects.toThrow(/got pytorch_model\.bin.*\(--out\).*PYTORCH_WEIGHTS/);
  });
});
