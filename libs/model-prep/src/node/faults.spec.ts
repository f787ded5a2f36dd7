import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FlexattnError } from '@flexattn/stage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkpointFolders,
  decoderTensors,
  snapshot,
  TWO_LAYERS_EXTRA as extra,
  twoLayers,
  writeCheckpoint,
} from '../checkpoint.fixture.js';
import { convertCheckpoint } from './convert.js';
import { downloadCheckpoint } from './download-checkpoint.js';
import { watchFileCalls } from './file-calls.fixture.js';
import { HubServer } from './hub-server.fixture.js';
import { initialiseHighResProjections } from './initialise.js';

const { path } = checkpointFolders();

let hub: HubServer;
let endpoint: string;
beforeAll(async () => {
  hub = new HubServer({ 'config.json': new Uint8Array(9), 'model.safetensors': new Uint8Array(200_000) });
  endpoint = await hub.start();
});
afterAll(() => hub.stop());

/** Small works in a folder that has an original in `checkpoint`; the result is named. */
const WORKS: Record<string, { run: (folder: string) => Promise<unknown>; result: string }> = {
  'init into a new folder': {
    run: (folder) =>
      initialiseHighResProjections({
        checkpoint: join(folder, 'checkpoint'),
        out: join(folder, 'out'),
        extra,
      }),
    result: 'out',
  },
  'init in place': {
    run: (folder) =>
      initialiseHighResProjections({ checkpoint: join(folder, 'checkpoint'), inPlace: true, extra }),
    result: 'checkpoint',
  },
  convert: {
    run: (folder) =>
      convertCheckpoint({
        checkpoint: join(folder, 'pytorch'),
        out: join(folder, 'out'),
        maxShardBytes: 1,
      }),
    result: 'out',
  },
  download: {
    run: (folder) =>
      downloadCheckpoint({
        reference: 'hub:owner/name',
        out: join(folder, 'out'),
        lockFile: join(folder, 'flexattn.lock.json'),
        // Every piece makes the disk begin: in real downloads only large files do.
        edge: { env: { HF_ENDPOINT: endpoint, HF_HOME: folder }, syncBytes: 1 },
      }),
    result: 'out',
  },
};

/** Originals for every work. */
function prepare(folder: string): void {
  writeCheckpoint(join(folder, 'checkpoint'), twoLayers());
  // Two tensors: every entry of a zip file is read by calls of its own.
  const tensors = new Map([...decoderTensors()].slice(0, 2));
  writeCheckpoint(join(folder, 'pytorch'), { tensors, format: 'pytorch' });
}

/** Runs a work in a new folder with an error at its file call `at`; undefined where it has no such call. */
async function failAt(
  run: (folder: string) => Promise<unknown>,
  folder: string,
  at: number,
  code: string,
): Promise<unknown> {
  let calls = 0;
  const restore = await watchFileCalls((syscall) => {
    if (calls++ !== at) return;
    throw Object.assign(new Error(`${code}: injected, ${syscall}`), { code, errno: -1, syscall });
  });
  try {
    await run(folder);
  } catch (failure) {
    return failure;
  } finally {
    restore();
  }
  expect(calls).toBeLessThanOrEqual(at);
  return undefined;
}

describe.each(Object.entries(WORKS))('%s', (name, { run, result }) => {
  it.each(['ENOSPC', 'EIO'])(
    'ends with exit code 74 and no harm for %s at every file call',
    { timeout: 120_000 },
    async (code) => {
      const inPlace = name.includes('place');
      const originals = path();
      prepare(originals);
      const original = snapshot(join(originals, 'checkpoint'));
      const pytorch = snapshot(join(originals, 'pytorch'));
      const whole = path();
      prepare(whole);
      await run(whole);
      const expected = snapshot(join(whole, result));
      let at = 0;
      for (; ; at++) {
        const folder = path();
        mkdirSync(folder);
        prepare(folder);
        const failure = await failAt(run, folder, at, code);
        if (failure === undefined) break;
        if (!(failure instanceof FlexattnError) || failure.exitCode !== 74) throw failure as Error;
        expect(snapshot(join(folder, 'pytorch'))).toEqual(pytorch);
        const left = snapshot(join(folder, 'checkpoint'));
        // In place the files are added to, and only one gets another name, at the end.
        if (inPlace) expect(Object.values(left)).toEqual(expect.arrayContaining(weightsOf(original)));
        else expect(left).toEqual(original);
        if (!inPlace && existsSync(join(folder, result))) {
          for (const [file, hash] of Object.entries(snapshot(join(folder, result))))
            if (!file.startsWith('.')) expect([file, hash]).toEqual([file, expected[file]]);
        }
      }
      expect(at).toBeGreaterThan(40);
    },
  );
});

const weightsOf = (files: Record<string, string>): string[] =>
  Object.entries(files).flatMap(([file, hash]) => (file.endsWith('.safetensors') ? [hash] : []));

describe('a download whose disk fails in the background', () => {
  it.each(['ENOSPC', 'EIO'])(
    'ends with exit code 74 for %s, gives no name, and is right the next time',
    async (code) => {
      const folder = path();
      mkdirSync(folder);
      const run = WORKS['download']?.run;
      let syncs = 0;
      const restore = await watchFileCalls((syscall) => {
        if (syscall !== 'fdatasync') return;
        syncs++;
        throw Object.assign(new Error(`${code}: injected, ${syscall}`), { code, errno: -1, syscall });
      });
      const failure: unknown = await run?.(folder).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      restore();
      expect(syncs).toBeGreaterThan(0);
      expect(failure).toBeInstanceOf(FlexattnError);
      expect(failure).toMatchObject({ exitCode: 74, code: code === 'EIO' ? 'IO_FAILED' : 'DISK_FULL' });
      expect(existsSync(join(folder, 'out', 'config.json'))).toBe(false);
      expect(existsSync(join(folder, 'out', 'model.safetensors'))).toBe(false);
      await run?.(folder);
      expect(Object.keys(snapshot(join(folder, 'out')))).toEqual(['config.json', 'model.safetensors']);
    },
  );
});
