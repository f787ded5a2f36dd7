import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Fingerprints, sha256File } from '@flexattn/stage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snapshot, temporaryFolder } from '../checkpoint.fixture.js';
import { parseSafetensors } from '../safetensors-header.js';
import { op, pickle, tensorOps, torchFile } from '../torch-file.fixture.js';
import { convertCheckpoint } from './convert.js';
import type { ConvertOptions, ConvertReport } from './convert.js';

let root: string;
let count = 0;
const path = (): string => join(root, String(count++));
beforeAll(() => (root = temporaryFolder()));
afterAll(() => rmSync(root, { recursive: true }));

const storage = (seed: number): Uint8Array => Uint8Array.from({ length: 24 }, (_, i) => i * seed);
/** A PyTorch file with one 2 x 3 tensor a name; the n-th has the bytes of `storage(n + seed)`. */
function binOf(names: readonly string[], seed = 1): Uint8Array {
  const items = names.flatMap((name, i) => [op.text(name), tensorOps({ key: op.text(String(i)) })]);
  const storages = Object.fromEntries(names.map((_, i) => [i, storage(i + seed)]));
  return torchFile({ pickle: pickle(op.dict(...items)), storages });
}

const NAMES = [['layers.10.w', 'layers.2.w'], ['layers.1.w']];
const FILES = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'];
const weight_map = Object.fromEntries(NAMES.flatMap((names, i) => names.map((name) => [name, FILES[i]])));
const SHARDED: Record<string, string | Uint8Array> = {
  'config.json': '{"model_type": "llava"}',
  'sub/tokenizer.model': 'x',
  'pytorch_model.bin.index.json': JSON.stringify({ metadata: { total_size: 1, of: 'us' }, weight_map }),
  [FILES[0] ?? '']: binOf(NAMES[0] ?? []),
  [FILES[1] ?? '']: binOf(NAMES[1] ?? [], 3),
};

function fresh(files: Record<string, string | Uint8Array> = SHARDED): string {
  const dir = path();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

async function convert(
  checkpoint: string,
  options: Partial<ConvertOptions> = {},
): Promise<{ out: string; report: ConvertReport }> {
  const out = options.out ?? path();
  const before = snapshot(checkpoint);
  try {
    return { out, report: await convertCheckpoint({ checkpoint, out, ...options }) };
  } finally {
    // Whatever it does, the original stays as it was.
    expect(snapshot(checkpoint)).toEqual(before);
  }
}

/** Nothing but what was there: no output, no staging folder, no lock. */
const leftovers = (): string[] => readdirSync(root).filter((name) => !/^\d+$/.test(name));

describe('convertCheckpoint', () => {
  it('remembers the hashes of what it writes where it is asked to', async () => {
    const fingerprints = await Fingerprints.open(path());
    const { out, report } = await convert(fresh(), { fingerprints });
    const written = report.files.filter(({ how }) => how === 'written').map((file) => join(out, file.path));
    expect(written.length).toBeGreaterThan(0);
    for (const file of written) expect(fingerprints.known(file)).toBe(await sha256File(file));
  });

  it('writes one safetensors file for all shards, links the rest and leaves the PyTorch files out', async () => {
    const { out, report } = await convert(fresh());
    expect(readdirSync(out, { recursive: true }).sort()).toEqual(
      ['config.json', 'model.safetensors', 'sub', 'sub/tokenizer.model'].sort(),
    );
    const bytes = readFileSync(join(out, 'model.safetensors'));
    const header = await parseSafetensors(bytes, 'x');
    expect([...header.metadata]).toEqual([['format', 'pt']]);
    const data = (name: string): Uint8Array => {
      const [begin = NaN, end = NaN] = header.tensors.get(name)?.dataOffsets ?? [];
      return new Uint8Array(bytes.subarray(header.dataStart + begin, header.dataStart + end));
    };
    expect([...header.tensors.keys()]).toEqual(['layers.1.w', 'layers.10.w', 'layers.2.w']);
    expect([data('layers.10.w'), data('layers.2.w'), data('layers.1.w')]).toEqual([1, 2, 3].map(storage));
    expect(report).toEqual({
      tensors: 3,
      bytes: 72,
      files: [
        { path: 'config.json', bytes: 23, how: 'linked' },
        { path: 'model.safetensors', bytes: bytes.byteLength, how: 'written' },
        { path: 'sub/tokenizer.model', bytes: 1, how: 'linked' },
      ],
    });
  });

  it('keeps the pieces of large tensors apart while it reads ahead', async () => {
    const bytes = Uint8Array.from({ length: 33 << 20 }, (_, i) => (i * 31) ^ (i >> 9) ^ (i >> 17));
    const parts = {
      type: 'torch.ByteStorage',
      length: op.int(bytes.length),
      shape: [bytes.length],
      stride: [1],
    };
    const file = torchFile({
      pickle: pickle(op.dict(op.text('a'), tensorOps(parts))),
      storages: { 0: bytes },
      // No CRC: the fixture's own is slow.
      edit: (entries) =>
        entries.map((part) => ({ ...part, local: { crc: 0 }, directory: { crc: 0 }, tail: { crc: 0 } })),
    });
    const { out } = await convert(fresh({ 'pytorch_model.bin': file }));
    const written = readFileSync(join(out, 'model.safetensors'));
    expect(Buffer.compare(written.subarray(written.length - bytes.length), bytes)).toBe(0);
  });

  it('splits at the size that was asked for, in natural order, and writes the index', async () => {
    const { out, report } = await convert(fresh(), { maxShardBytes: 60 });
    const index = JSON.parse(readFileSync(join(out, 'model.safetensors.index.json'), 'utf8')) as unknown;
    expect(index).toEqual({
      metadata: { total_size: 72, of: 'us' },
      weight_map: {
        'layers.1.w': 'model-00001-of-00002.safetensors',
        'layers.2.w': 'model-00001-of-00002.safetensors',
        'layers.10.w': 'model-00002-of-00002.safetensors',
      },
    });
    expect(report.files.filter(({ how }) => how === 'written')).toHaveLength(3);
    for (const { path: name, bytes } of report.files) {
      expect(readFileSync(join(out, name)).byteLength).toBe(bytes);
    }
  });

  it('gives the same bytes for the same tensors, however they were split', async () => {
    const one = fresh({
      'config.json': '{}',
      'pytorch_model.bin': binOf(['layers.10.w', 'layers.2.w', 'layers.1.w']),
    });
    const [a, b] = [await convert(fresh()), await convert(one)];
    const weights = ({ out }: { out: string }): string | undefined => snapshot(out)['model.safetensors'];
    expect(weights(a)).toBe(weights(b));
  });

  it('writes nothing in a dry run, and reports the same', async () => {
    const dir = fresh();
    const dry = await convert(dir, { dryRun: true });
    expect(existsSync(dry.out)).toBe(false);
    expect(dry.report).toEqual((await convert(dir)).report);
  });

  it('stops where it is asked to, and starts again from the beginning', async () => {
    const dir = fresh();
    const stopped = convert(dir, { signal: AbortSignal.abort(new Error('stop')), out: join(root, '1000') });
    await expect(stopped).rejects.toThrow('stop');
    expect([existsSync(join(root, '1000')), leftovers()]).toEqual([false, []]);
    mkdirSync(join(root, '1000.partial/of a killed run'), { recursive: true });
    const again = await convert(dir, { out: join(root, '1000') });
    expect(snapshot(again.out)).toEqual(snapshot((await convert(dir)).out));
    expect(leftovers()).toEqual([]);
  });

  it('refuses a damaged storage, whole or part of a view, and leaves nothing behind', async () => {
    const whole = binOf(['a']);
    const part = torchFile({
      pickle: pickle(op.dict(op.text('a'), tensorOps({ shape: [1, 3], stride: [3, 1] }))),
    });
    for (const bytes of [whole, part]) {
      await expect(convert(fresh({ 'pytorch_model.bin': bytes }))).resolves.toBeDefined();
      // The last byte of the storage: 01 02 ... 17 in both.
      const at = Buffer.from(bytes).indexOf(Uint8Array.from({ length: 24 }, (_, i) => i)) + 23;
      const damaged = bytes.slice();
      damaged[at] = 0;
      const dir = fresh({ 'pytorch_model.bin': damaged });
      const out = path();
      await expect(convert(dir, { out })).rejects.toThrow(
        /pytorch_model\.bin: expected CRC [0-9a-f]{8} of the 24 bytes at \d+, got .*download it again \(CRC_MISMATCH\)/,
      );
      expect([existsSync(out), leftovers()]).toEqual([false, []]);
    }
  });

  it.each([
    [
      'both formats, of which safetensors count',
      { 'model.safetensors': '', 'pytorch_model.bin': '' },
      'FILE_TRUNCATED',
    ],
    ['no weights', { 'config.json': '{}' }, 'NO_WEIGHTS'],
    ['weights of other names', { 'consolidated.00.pth': 'x' }, 'PYTORCH_WEIGHTS'],
    ['a legacy pickle', { 'pytorch_model.bin': Uint8Array.of(0x80, 2, 0x4e, 0x2e) }, 'LEGACY_PICKLE'],
    ['an empty shard', { ...SHARDED, [FILES[1] ?? '']: '' }, 'NOT_A_TORCH_FILE'],
    [
      'a shard of a name that is taken',
      { ...SHARDED, 'model-00001-of-00003.safetensors': 'x' },
      'NAME_TAKEN',
    ],
  ])('refuses a folder with %s', async (_, files, code) => {
    await expect(convert(fresh(files), { maxShardBytes: 1 })).rejects.toMatchObject({ code });
  });

  it('refuses a file in place of the folder, and a folder that is not there', async () => {
    const dir = fresh();
    const refusal = (checkpoint: string) => convertCheckpoint({ checkpoint, out: path() });
    await expect(refusal(join(dir, 'config.json'))).rejects.toThrow(
      /got a file; name the folder.*NOT_A_CHECKPOINT/,
    );
    await expect(refusal(join(dir, 'nowhere'))).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
  });

  it('writes nothing where the result is there already, byte for byte', async () => {
    const dir = fresh();
    const { out, report } = await convert(dir, { maxShardBytes: 60 });
    const before = snapshot(out);
    writeFileSync(`${out}.lock`, JSON.stringify({ pid: 0 }));
    const again = await convert(dir, { out, maxShardBytes: 60 });
    expect(again.report).toEqual({
      ...report,
      files: report.files.map((file) => ({ ...file, how: 'kept' })),
    });
    expect([snapshot(out), leftovers()]).toEqual([before, []]);
    // A byte in the middle of the data, and another way to split.
    await expect(convert(dir, { out })).rejects.toMatchObject({ code: 'OUT_EXISTS' });
    const file = join(out, 'model-00001-of-00002.safetensors');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill((bytes.at(-30) ?? 0) ^ 1, bytes.length - 30, bytes.length - 29));
    await expect(convert(dir, { out, maxShardBytes: 60 })).rejects.toMatchObject({ code: 'OUT_EXISTS' });
  });

  it('refuses what is safetensors already, and an output that is taken or in the checkpoint', async () => {
    const { out } = await convert(fresh());
    await expect(convert(out)).rejects.toMatchObject({ code: 'NOTHING_TO_CONVERT' });
    const dir = fresh();
    writeFileSync(join(out, 'mine.txt'), 'x');
    await expect(convert(dir, { out })).rejects.toMatchObject({ code: 'OUT_EXISTS' });
    await expect(convert(dir, { out: join(dir, 'out') })).rejects.toMatchObject({ code: 'OUT_OVERLAPS' });
  });

  it('follows a link inside the checkpoint, and refuses one that leaves it', async () => {
    const dir = fresh();
    symlinkSync('config.json', join(dir, 'link.json'));
    await expect(convert(dir)).resolves.toMatchObject({ report: { files: { length: 4 } } });
    symlinkSync('/etc/hostname', join(dir, 'host'));
    await expect(convert(dir)).rejects.toMatchObject({ code: 'LINK_ESCAPE' });
  });
});
