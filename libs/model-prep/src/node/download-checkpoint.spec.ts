import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Fingerprints } from '@flexattn/stage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointFolders, decoderTensors, snapshot } from '../checkpoint.fixture.js';
import { writeSafetensors } from '../safetensors-writer.js';
import { downloadCheckpoint } from './download-checkpoint.js';
import type { DownloadEdge, DownloadOptions } from './download-checkpoint.js';
import { THREAD_BYTES } from './file-digest.js';
import { COMMIT, HubServer } from './hub-server.fixture.js';
import type { Fault, Seen } from './hub-server.fixture.js';

const { path } = checkpointFolders();
const TOKEN = 'hf_secret_of_the_test';
const WEIGHTS = 'model.safetensors';
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** Larger than what a socket holds, so that breaking in the middle is possible. */
const large = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) ^ (i >> 8));
const FILES: Record<string, Uint8Array> = {
  '.gitattributes': text('x'),
  'README.md': text('read'),
  'config.json': text('{"model_type": "llava"}'),
  'generation_config.json': text('{}'),
  'model.safetensors': large,
  'onnx/config.json': text('{}'),
  'onnx/model.onnx': large,
  'pytorch_model.bin': large,
  'tokenizer.model': text('pieces'),
  'trainer_state.json': text('{}'),
  'vision/config.json': text('{"a": 1}'),
  'vision/model.safetensors': writeSafetensors(decoderTensors()),
};
const INDEX = 'model.safetensors.index.json';
/** Of another repository. */
const SHARDED: Record<string, Uint8Array> = {
  [INDEX]: text(
    '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}',
  ),
  'model-00001-of-00002.safetensors': text('one'),
  'model-00002-of-00002.safetensors': text('two'),
};
const NEEDED = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.model',
  'vision/config.json',
  'vision/model.safetensors',
];

let hub: HubServer;
let endpoint: string;
let home: string;
let waits: number[];

beforeEach(async () => {
  hub = new HubServer(FILES);
  endpoint = await hub.start();
  home = path();
  mkdirSync(home);
  waits = [];
});
afterEach(() => hub.stop());

function edge(env: NodeJS.ProcessEnv = {}): Partial<DownloadEdge> {
  return {
    env: { HF_ENDPOINT: endpoint, HF_HOME: home, HF_TOKEN: TOKEN, ...env },
    now: () => Date.parse('2024-01-01T00:00:00Z'),
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
}

const optionsOf = (more: Partial<DownloadOptions> = {}): DownloadOptions => ({
  reference: 'hub:owner/name',
  out: join(home, 'out'),
  lockFile: join(home, 'flexattn.lock.json'),
  edge: edge(),
  ...more,
});
const download = (more?: Partial<DownloadOptions>) => downloadCheckpoint(optionsOf(more));
const contents = (names: readonly string[]) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      createHash('sha256')
        .update(FILES[name] ?? '')
        .digest('hex'),
    ]),
  );

/** Gives the first requests for one file these faults. */
function faultsOf(name: string, ...faults: Fault[]): void {
  hub.fault = (seen, count) => (seen.path.endsWith(`/${name}`) ? faults[count - 1] : undefined);
}

/** A repository in the standard cache: blobs, a snapshot of links to them, and the branch. */
function fillCache(names: readonly string[]): void {
  const repo = join(home, 'hub', 'models--owner--name');
  mkdirSync(join(repo, 'blobs'), { recursive: true });
  mkdirSync(join(repo, 'refs'));
  writeFileSync(join(repo, 'refs', 'main'), COMMIT);
  for (const name of names) {
    const bytes = FILES[name] ?? SHARDED[name] ?? new Uint8Array();
    const hash =
      bytes.length < 1000 ? createHash('sha1').update(`blob ${bytes.length}\0`) : createHash('sha256');
    const blob = join(repo, 'blobs', hash.update(bytes).digest('hex'));
    writeFileSync(blob, bytes);
    const link = join(repo, 'snapshots', COMMIT, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(blob, link);
  }
}

describe('downloadCheckpoint', () => {
  it('remembers the hashes of large files that it fetched', async () => {
    const fingerprints = await Fingerprints.open(path());
    await download({ fingerprints });
    const known = (name: string) => fingerprints.known(join(home, 'out', name));
    expect(known(WEIGHTS)).toBe(createHash('sha256').update(large).digest('hex'));
    expect(known('config.json')).toBeUndefined();
  });

  it('fetches what a checkpoint needs, weights once, and leaves nothing else', async () => {
    const report = await download();
    expect(snapshot(join(home, 'out'))).toEqual(contents(NEEDED));
    expect(report).toMatchObject({ repo: 'owner/name', revision: 'main', commit: COMMIT });
    expect(report.files.map((file) => file.path)).toEqual(NEEDED);
    expect(report.fetchedBytes).toBe(NEEDED.reduce((sum, name) => sum + (FILES[name]?.length ?? 0), 0));
    expect(readdirSync(join(home, 'out')).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(waits).toEqual([]);
  });

  it('pins the commit at first use, and asks for no names again', async () => {
    await download({ include: ['config.json'] });
    const lock = readFileSync(join(home, 'flexattn.lock.json'), 'utf8');
    expect(JSON.parse(lock)).toMatchObject({
      hub: { 'owner/name@main': { commit: COMMIT, files: { 'model.safetensors': { size: large.length } } } },
    });
    hub.commit = 'f'.repeat(40);
    hub.seen.length = 0;
    expect((await download()).commit).toBe(COMMIT);
    expect(hub.seen.every((seen) => seen.path.includes(`/resolve/${COMMIT}/`))).toBe(true);
    expect(readFileSync(join(home, 'flexattn.lock.json'), 'utf8')).toBe(lock);
  });

  it('keeps what others wrote into the lock', async () => {
    writeFileSync(join(home, 'flexattn.lock.json'), '{"data": {"mix": "1"}}');
    await download();
    expect(JSON.parse(readFileSync(join(home, 'flexattn.lock.json'), 'utf8'))).toHaveProperty(
      'data.mix',
      '1',
    );
    expect(readdirSync(home).sort()).toEqual(['flexattn.lock.json', 'out']);
  });

  it('checks what is there, keeps what is right and fetches what is not', async () => {
    await download();
    writeFileSync(join(home, 'out', 'config.json'), '{"model_type": "other"}');
    truncateSync(join(home, 'out', WEIGHTS), 7);
    const report = await download();
    const fetched = report.files.filter(({ how }) => how === 'fetched').map((file) => file.path);
    expect(fetched).toEqual(['config.json', WEIGHTS]);
    expect(snapshot(join(home, 'out'))).toEqual(contents(NEEDED));
    hub.seen.length = 0;
    expect((await download()).fetchedBytes).toBe(0);
    expect(hub.seen).toEqual([]);
  });

  it('fetches the files that patterns name', async () => {
    await download({ include: ['*.md', 'onnx/*'] });
    expect(snapshot(join(home, 'out'))).toEqual(
      contents(['README.md', 'onnx/config.json', 'onnx/model.onnx']),
    );
    await expect(download({ include: ['*.gguf'] })).rejects.toThrow(/like \*\.gguf.*NOTHING_TO_DOWNLOAD/);
  });

  it('only says what it would fetch in a dry run', async () => {
    const report = await download({ dryRun: true });
    expect(report.files.map(({ path, how }) => [path, how])).toEqual(NEEDED.map((name) => [name, 'fetched']));
    expect(readdirSync(home)).toEqual([]);
    expect(hub.fetched()).toEqual([]);
  });

  it('asks for space before the first byte', async () => {
    const freeBytes = (bytes: number) => ({ ...edge(), freeBytes: () => Promise.resolve(bytes) });
    const needed = NEEDED.reduce((sum, name) => sum + (FILES[name]?.length ?? 0), 0);
    await expect(download({ edge: freeBytes(needed - 1) })).rejects.toMatchObject({
      code: 'DISK_FULL',
      exitCode: 74,
    });
    expect(hub.fetched()).toEqual([]);
    await expect(download({ edge: freeBytes(needed) })).resolves.toBeDefined();
  });

  it('takes up what a run that was stopped left, and stops at once', async () => {
    const stop = new AbortController();
    hub.fault = (seen) => (seen.path.endsWith(WEIGHTS) ? { breakAfter: 200_000 } : undefined);
    const wait: DownloadEdge['wait'] = () => {
      stop.abort(new Error('stopped'));
      return Promise.resolve();
    };
    const stopped = download({ signal: stop.signal, edge: { ...edge(), wait } });
    await expect(stopped).rejects.toThrow('stopped');
    expect(existsSync(join(home, 'out', WEIGHTS))).toBe(false);
    hub.fault = () => undefined;
    hub.seen.length = 0;
    await download();
    const [weights] = hub
      .fetched()
      .filter((seen) => seen.path.endsWith(`/${WEIGHTS}`) && !seen.path.includes('vision'));
    expect(Number(/\d+/.exec(weights?.range ?? '')?.[0])).toBeGreaterThan(0);
    expect(snapshot(join(home, 'out'))).toEqual(contents(NEEDED));
  });
});

describe('downloadCheckpoint by a bad connection', () => {
  const onlyWeights = { include: [WEIGHTS] };

  it('hashes a large file in a thread, and trusts no more for it', async () => {
    const bytes = new Uint8Array(THREAD_BYTES + 5);
    for (let at = 0; at < bytes.length; at += 4099) bytes[at] = at % 251;
    const large = new HubServer({ 'config.json': new Uint8Array(9), [WEIGHTS]: bytes });
    try {
      const env = { HF_ENDPOINT: await large.start() };
      const faults: Fault[] = [{ breakAfter: 9_000_000 }, 'wrong-byte'];
      large.fault = (seen, count) => (seen.path.endsWith(WEIGHTS) ? faults[count - 1] : undefined);
      await download({ ...onlyWeights, edge: edge(env) });
      // The byte that is wrong comes behind the break: all of it is fetched again.
      expect(large.fetched().map(({ range }) => range === undefined)).toEqual([true, false, true]);
      const expected = createHash('sha256').update(bytes).digest('hex');
      expect(snapshot(join(home, 'out'))).toEqual({ [WEIGHTS]: expected });
      expect((await download({ ...onlyWeights, edge: edge(env) })).files).toMatchObject([{ how: 'kept' }]);
      large.fault = (seen) => (seen.path.endsWith(WEIGHTS) ? 'wrong-byte' : undefined);
      const again = download({ ...onlyWeights, out: join(home, 'other'), edge: edge(env) });
      await expect(again).rejects.toMatchObject({ code: 'HUB_WRONG_BYTES', exitCode: 74 });
      expect(existsSync(join(home, 'other', WEIGHTS))).toBe(false);
    } finally {
      await large.stop();
    }
  });

  it('goes on at the byte where a connection broke', async () => {
    faultsOf(WEIGHTS, { breakAfter: 100_000 }, { breakAfter: 50_000 });
    await download(onlyWeights);
    const ranges = hub.fetched().map(({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]));
    expect(ranges).toHaveLength(3);
    expect(ranges[0]).toBe(0);
    expect(ranges[2]).toBeGreaterThan(ranges[1] ?? NaN);
    expect(snapshot(join(home, 'out'))).toEqual(contents([WEIGHTS]));
    // What was gained starts the waits anew.
    expect(waits).toEqual([1000, 1000]);
  });

  it.each<[string, Fault[], number]>([
    ['that ignores ranges', [{ breakAfter: 100_000 }, 'ignore-range'], 2],
    ['that answers another range', [{ breakAfter: 100_000 }, 'other-range'], 3],
    ['that changes a byte', ['wrong-byte'], 2],
    ['that changes a byte twice', ['wrong-byte', 'wrong-byte'], 3],
    ['that sends too much once', ['too-long'], 2],
    ['that is overloaded', [{ status: 503 }, { status: 500 }, { status: 408 }], 4],
  ])('gets the right bytes from a server %s', async (_, faults, requests) => {
    faultsOf(WEIGHTS, ...faults);
    await download(onlyWeights);
    expect(hub.fetched()).toHaveLength(requests);
    expect(snapshot(join(home, 'out'))).toEqual(contents([WEIGHTS]));
  });

  it.each<[string, Fault, number]>([
    ['seconds', { status: 429, headers: { 'retry-after': '7' } }, 7000],
    ['a date', { status: 429, headers: { 'retry-after': 'Mon, 01 Jan 2024 00:01:00 GMT' } }, 60_000],
    ['nothing', { status: 429 }, 1000],
  ])('waits as long as the server asks: %s', async (_, fault, expected) => {
    faultsOf(WEIGHTS, fault);
    await download(onlyWeights);
    expect(waits).toEqual([expected]);
  });

  it('gives up on a server that asks for too long, or never answers well', async () => {
    hub.fault = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    await expect(download()).rejects.toThrow(/answers 429, which asks to wait 3600 s.*HUB_UNREACHABLE/);
    hub.fault = (seen) => (seen.path.includes('/resolve/') ? { status: 502 } : undefined);
    await expect(download(onlyWeights)).rejects.toMatchObject({ code: 'HUB_UNREACHABLE', exitCode: 74 });
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000]);
  });

  it('never gives wrong bytes the right name', async () => {
    hub.fault = (seen) => (seen.path.endsWith(WEIGHTS) ? 'wrong-byte' : undefined);
    await expect(download(onlyWeights)).rejects.toMatchObject({ code: 'HUB_WRONG_BYTES', exitCode: 74 });
    expect(existsSync(join(home, 'out', WEIGHTS))).toBe(false);
  });

  it('repeats the question for names too', async () => {
    hub.fault = ({ path }, count) =>
      path.startsWith('/api/') && count === 1 ? { breakAfter: 0, status: 503 } : undefined;
    await download(onlyWeights);
    expect(waits).toEqual([1000, 1000]);
    hub.fault = ({ path }) => (path.startsWith('/api/') ? { body: '<html>' } : undefined);
    const lockFile = join(home, 'other.json');
    await expect(download({ lockFile })).rejects.toThrow(/no JSON.*HUB_UNREACHABLE/);
  });

  it('gives up on a server that knows no ranges and breaks now here, now there', async () => {
    hub.fault = (seen, count) =>
      seen.path.endsWith(WEIGHTS) ? { breakAfter: count % 2 ? 2000 : 1000, ignoreRange: true } : undefined;
    await expect(download({ include: [WEIGHTS] })).rejects.toThrow(/HUB_UNREACHABLE/);
    expect(waits.length).toBeLessThan(10);
  });

  it('does not wait for ever for names', async () => {
    hub.fault = (seen, count) => (seen.path.includes('/revision/') && count < 3 ? 'silent' : undefined);
    await download({ include: ['config.json'], edge: { ...edge(), idleMs: 200 } });
    expect(waits).toEqual([1000, 2000]);
  });

  it('refuses a file that a server encodes', async () => {
    faultsOf(WEIGHTS, { status: 200, headers: { 'content-encoding': 'gzip' } });
    await expect(download({ include: [WEIGHTS] })).rejects.toThrow(/encoded as "gzip".*HUB_REFUSED/);
    expect(waits).toEqual([]);
  });

  it('does not wait for ever for a server that falls silent', async () => {
    faultsOf(WEIGHTS, { silentAfter: 100_000 });
    await download({ ...onlyWeights, edge: { ...edge(), idleMs: 50 } });
    expect(hub.fetched()).toHaveLength(2);
    expect(snapshot(join(home, 'out'))).toEqual(contents([WEIGHTS]));
  });

  it('says so where nobody listens', async () => {
    await hub.stop();
    await expect(download()).rejects.toThrow(/ECONNREFUSED.*check the network.*HUB_UNREACHABLE/);
  });
});

describe('downloadCheckpoint is refused', () => {
  it.each<[number, NodeJS.ProcessEnv, RegExp]>([
    [401, { HF_TOKEN: undefined }, /answers 401: it asks for a token; set HF_TOKEN.*HUB_DENIED/],
    [403, {}, /answers 403: this token may not read it; accept the licence.*HUB_DENIED/],
    [404, {}, /owner\/name at main is not there; check the spelling.*HUB_NOT_FOUND/],
    [418, {}, /answers 418; check HF_ENDPOINT \(HUB_REFUSED\)/],
  ])('with %i, once and with what to do', async (status, env, message) => {
    hub.fault = () => ({ status });
    const failure = download({ edge: edge(env) });
    await expect(failure).rejects.toThrow(message);
    expect(waits).toEqual([]);
    expect(hub.seen).toHaveLength(1);
  });

  it.each([
    'owner/name',
    'hub:name',
    'hub:a/b/c',
    'hub:../b',
    'hub:a/..',
    'hub:a/b@',
    'hub:a/b@../c',
    'hub:a/b?x',
  ])('for the reference %j', async (reference) => {
    await expect(download({ reference })).rejects.toThrow(/BAD_HUB_REFERENCE/);
    expect(hub.seen).toEqual([]);
  });

  it('by redirects without an end, and by those to what is no web address', async () => {
    const faulty = (redirect: string): void => {
      hub.fault = (seen) => (seen.path.includes('/resolve/') ? { redirect } : undefined);
    };
    faulty('');
    await expect(download({ include: [WEIGHTS] })).rejects.toThrow(
      /at most 5 redirects, got more.*HUB_REFUSED/,
    );
    expect(hub.fetched()).toHaveLength(6);
    for (const redirect of ['ftp://127.0.0.1', 'file://', 'http://[']) {
      faulty(redirect);
      await expect(download({ include: [WEIGHTS] })).rejects.toThrow(
        /expected a redirect from http:.*HUB_REFUSED/,
      );
    }
    expect(waits).toEqual([]);
  });

  it('for a name that leaves the folder', async () => {
    hub.files['../out.json'] = text('{}');
    await expect(download()).rejects.toThrow(/PATH_ESCAPE/);
    expect(existsSync(join(home, 'out.json'))).toBe(false);
    delete hub.files['../out.json'];
  });

  it.each([
    'hf-mirror.example',
    'ftp://hub.example',
    'http://user:pass@hub.example',
    'http://hub.example/?a=1',
  ])('for the endpoint %s, which is not repeated', async (HF_ENDPOINT) => {
    const refusal = download({ edge: edge({ HF_ENDPOINT }) });
    await expect(refusal).rejects.toThrow(/HF_ENDPOINT.*BAD_ENDPOINT/);
    await expect(refusal).rejects.not.toThrow(HF_ENDPOINT);
  });

  it('for a lock that is damaged', async () => {
    const pin = { 'owner/name@main': { commit: 'main', files: {} } };
    writeFileSync(join(home, 'flexattn.lock.json'), JSON.stringify({ hub: pin }));
    await expect(download()).rejects.toThrow(/hub\.owner\/name@main\.commit\]: .*BAD_LOCK_FILE/);
  });
});

describe('the token', () => {
  it('goes to the hub and to nobody else', async () => {
    const store = new HubServer(FILES);
    const redirect = (await store.start()).replace('127.0.0.1', 'localhost');
    hub.fault = (seen) => (seen.path.includes('/resolve/') ? { redirect } : undefined);
    await download({ include: [WEIGHTS] });
    const sent = (seen: Seen[]) => new Set(seen.map(({ authorization }) => authorization));
    expect(sent(hub.seen)).toEqual(new Set([`Bearer ${TOKEN}`]));
    expect(store.fetched()).toHaveLength(1);
    expect(sent(store.seen)).toEqual(new Set([undefined]));
    await store.stop();
  });

  it('comes back to the hub where others lead there', async () => {
    const mirror = new HubServer(FILES);
    const there = await mirror.start();
    const onlyFiles = (redirect: string) => (seen: Seen, count: number) =>
      seen.path.includes('/resolve/') && count === 1 ? { redirect } : undefined;
    hub.fault = onlyFiles(there);
    mirror.fault = onlyFiles(endpoint);
    await download({ include: [WEIGHTS] });
    expect(hub.fetched().map(({ authorization }) => authorization)).toEqual(
      Array.from({ length: 2 }, () => `Bearer ${TOKEN}`),
    );
    expect(mirror.fetched().map(({ authorization }) => authorization)).toEqual([undefined]);
    await mirror.stop();
  });

  it('comes from the file that logging in wrote', async () => {
    writeFileSync(join(home, 'token'), 'hf_saved\n');
    await download({ edge: edge({ HF_TOKEN: undefined }), include: [WEIGHTS] });
    expect(hub.seen[0]?.authorization).toBe('Bearer hf_saved');
  });

  it.each<Fault>([{ status: 401 }, { status: 403 }, { status: 500 }, { status: 418 }, { body: TOKEN }])(
    'stands in no error (%j)',
    async (fault) => {
      hub.fault = () => fault;
      const failure: unknown = await download().catch((cause: unknown) => cause);
      const shown: string[] = [];
      for (let error = failure; error instanceof Error; error = error.cause) {
        shown.push(error.message, error.stack ?? '', JSON.stringify(error));
      }
      expect(shown.length).toBeGreaterThan(0);
      expect(shown.join('\n')).not.toContain(TOKEN);
    },
  );
});

describe('the standard cache', () => {
  it('gives what it has, its links resolved', async () => {
    fillCache([WEIGHTS, 'config.json']);
    const report = await download({ include: ['*.json', WEIGHTS] });
    const linked = report.files.filter(({ how }) => how === 'linked').map((file) => file.path);
    expect(linked).toEqual(['config.json', WEIGHTS]);
    expect(statSync(join(home, 'out', WEIGHTS)).isFile()).toBe(true);
    expect(readFileSync(join(home, 'out', WEIGHTS)).equals(large)).toBe(true);
    expect(hub.fetched().some((seen) => seen.path.endsWith(`/${WEIGHTS}`))).toBe(false);
  });

  it('is not believed where its bytes are damaged', async () => {
    fillCache([WEIGHTS]);
    const blob = join(home, 'hub', 'models--owner--name', 'snapshots', COMMIT, WEIGHTS);
    writeFileSync(
      blob,
      large.map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
    );
    const report = await download({ include: [WEIGHTS] });
    expect(report.files[0]?.how).toBe('fetched');
    expect(snapshot(join(home, 'out'))).toEqual(contents([WEIGHTS]));
  });

  it.each([
    ['--offline', { offline: true }, {}],
    ['HF_HUB_OFFLINE=1', {}, { HF_HUB_OFFLINE: '1' }],
  ])('is all that counts with %s', async (_, flags, env) => {
    fillCache(NEEDED);
    const run = () => download({ ...flags, edge: edge(env) });
    await download({ out: join(home, 'pinned'), include: ['config.json'] });
    hub.seen.splice(0);
    expect((await run()).files.every(({ how }) => how === 'linked')).toBe(true);
    expect(snapshot(join(home, 'out'))).toEqual(contents(NEEDED));
    expect(hub.seen).toEqual([]);
    rmSync(join(home, 'hub'), { recursive: true });
    rmSync(join(home, 'out', WEIGHTS));
    await expect(run()).rejects.toThrow(/expected model\.safetensors in .*hub, got none.*OFFLINE/);
    rmSync(join(home, 'flexattn.lock.json'));
    await expect(run()).rejects.toThrow(/expected main of owner\/name in .*OFFLINE/);
    expect(hub.seen).toEqual([]);
  });

  const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  it.each<[string, string[], RegExp | undefined]>([
    ['all of it', [INDEX, ...SHARDS], undefined],
    ['one shard of two', [INDEX, ...SHARDS.slice(1)], /expected model-00001-of-00002\.safetensors in /],
    ['an index alone', [INDEX], /expected model-00001-of-00002\.safetensors, model-00002-of-/],
    ['no weights', [], /expected model\.safetensors in /],
  ])('says offline what is missing where it has %s, and pins nothing', async (_, cached, message) => {
    fillCache(['config.json', ...cached]);
    const run = download({ offline: true });
    if (message) await expect(run).rejects.toThrow(message);
    else expect((await run).files.map((file) => file.path).sort()).toEqual(['config.json', ...SHARDS, INDEX]);
    expect(existsSync(join(home, 'flexattn.lock.json'))).toBe(false);
    expect((await download({ offline: true, include: ['config.json'] })).files).toHaveLength(1);
  });
});
