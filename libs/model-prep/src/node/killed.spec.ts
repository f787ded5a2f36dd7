import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkpointFolders,
  snapshot,
  TWO_LAYERS_EXTRA as extra,
  twoLayers,
  writeCheckpoint,
} from '../checkpoint.fixture.js';
import { compileInto, runKilled } from './compiled.fixture.js';
import type { Work } from './compiled.fixture.js';
import { HubServer } from './hub-server.fixture.js';

/** Of each kind; the long form has 50. */
const KILLS = Number(process.env['FLEXATTN_KILLS'] ?? 4);
const { path } = checkpointFolders();

let compiled: string;
let hub: HubServer;
let endpoint: string;
beforeAll(async () => {
  compiled = path();
  compileInto(compiled);
  hub = new HubServer({
    'config.json': new Uint8Array(9),
    'model.safetensors': new Uint8Array(5_000_000).fill(7),
  });
  endpoint = await hub.start();
}, 60_000); // compiles two libs, which takes long on a busy machine
afterAll(() => hub.stop());

const WORKS: Record<string, (folder: string) => Work> = {
  'init into a new folder': (folder) => ({
    name: 'initialiseHighResProjections',
    options: { checkpoint: join(folder, 'checkpoint'), out: join(folder, 'out'), extra },
  }),
  'init in place': (folder) => ({
    name: 'initialiseHighResProjections',
    options: { checkpoint: join(folder, 'checkpoint'), inPlace: true, extra },
  }),
  'init of PyTorch files': (folder) => ({
    name: 'initialiseHighResProjections',
    options: { checkpoint: join(folder, 'pytorch'), out: join(folder, 'out'), extra },
  }),
  convert: (folder) => ({
    name: 'convertCheckpoint',
    options: { checkpoint: join(folder, 'pytorch'), out: join(folder, 'out'), maxShardBytes: 3000 },
  }),
  download: (folder) => ({
    name: 'downloadCheckpoint',
    options: {
      reference: 'hub:owner/name',
      out: join(folder, 'out'),
      lockFile: join(folder, 'flexattn.lock.json'),
      edge: { env: { HF_ENDPOINT: endpoint, HF_HOME: folder }, syncBytes: 1 },
    },
  }),
};

/** A folder with checkpoints to work on. */
function start(): string {
  const folder = path();
  mkdirSync(folder);
  writeCheckpoint(join(folder, 'checkpoint'), twoLayers());
  writeCheckpoint(join(folder, 'pytorch'), { ...twoLayers(), format: 'pytorch', shards: 2 });
  return folder;
}

/** Everything in a folder, hidden files too. */
const all = (folder: string): unknown => [snapshot(folder), readdirSync(folder, { recursive: true }).sort()];

describe.each(Object.entries(WORKS))('%s, killed', (_, workIn) => {
  it(
    `at ${KILLS} points, ends after another run with the same bytes and nothing left over`,
    { timeout: 60_000 + KILLS * 10_000 },
    async () => {
      const whole = start();
      const calls = (await runKilled(compiled, workIn(whole), -1)) ?? NaN;
      const expected = all(whole);
      let killed = 0;
      // Spread over the run, the last calls among them: that is where names are given.
      for (let i = 0; i < KILLS; i++) {
        const killAt = calls - 1 - Math.floor((i * calls) / KILLS);
        const folder = start();
        // How many writes a download makes depends on how its bytes arrive: some runs end before that call.
        if ((await runKilled(compiled, workIn(folder), killAt)) === undefined) killed++;
        await runKilled(compiled, workIn(folder), -1);
        expect(all(folder), `killed at call ${killAt} of ${calls}`).toEqual(expected);
      }
      expect(killed).toBeGreaterThanOrEqual(KILLS / 2);
    },
  );
});
