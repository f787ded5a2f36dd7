import { cp, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '@flexattn/stage';
import type { tinySettings } from '../settings.fixture.js';
import { packageFolder } from './package-folder.js';
import { GOLDEN, python, TIMEOUT, TrainerWorld } from './trainer.fixture.js';
import { train } from './train.js';

const world = new TrainerWorld();
const at = (...names: string[]) => join(world.folder, ...names);

/** Pictures of its own, whose times a test may change, and a sample with the blank one. */
beforeAll(async () => {
  await world.make();
  await mkdir(at('images'));
  for (const name of ['image0.png', 'image1.png']) await cp(join(GOLDEN, name), at('images', name));
  const tokens = at('data', 'tokens.jsonl');
  const blank = { id: 'blank', image: null, inputIds: [1, -200, 5, 6, 7], answers: [[3, 5]] };
  await writeFile(tokens, `${await readFile(tokens, 'utf8')}${JSON.stringify(blank)}\n`);
});
afterAll(() => world.remove());

/** Three steps that keep no features in memory, but on disk where a folder is named. */
function run(out: string, folder: string | null, settings: Partial<typeof tinySettings> = {}) {
  const featureCacheFolder = folder === null ? null : at(folder);
  const options = world.options(out, { featureCacheFolder, featureCacheMegabytes: 0, ...settings });
  return train({ ...options, images: at('images') });
}

/** Each file of a cache and its inode, which changes when it is written again. */
async function inodes(folder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const tower of await readdir(at(folder)))
    for (const name of (await readdir(at(folder, tower))).sort())
      found.set(`${tower}/${name}`, (await stat(at(folder, tower, name))).ino);
  return found;
}

describe('features on disk', () => {
  it(
    'give the losses of features that are computed at every use, and are written again only where they must',
    async () => {
      await run('plain', null);
      await run('filling', 'features');
      const before = await inodes('features');
      expect(before.size).toBe(3);
      const losses = await world.lossesOf('plain');
      expect(await world.lossesOf('filling')).toEqual(losses);

      const blank = [...before.keys()].find((name) => name.endsWith('/blank.safetensors')) ?? '';
      await writeFile(at('features', blank), 'damaged');
      const damaged = (await stat(at('features', blank))).ino;
      await utimes(at('images', 'image1.png'), 1, 1);
      await run('mending', 'features');
      expect(await world.lossesOf('mending')).toEqual(losses);
      const after = await inodes('features');
      expect(after.get(blank)).not.toBe(damaged);
      // One picture as it was, the blank one again, the touched one under a new name.
      expect(after.size).toBe(4);
      expect([...before].filter(([name, inode]) => after.get(name) === inode)).toHaveLength(2);
    },
    TIMEOUT,
  );

  it(
    'are shared by models with the same tower, and by runs at the same time',
    async () => {
      await run('low', 'shared', { highres: false });
      await Promise.all([run('one', 'shared'), run('two', 'shared')]);
      const losses = await world.lossesOf('plain');
      expect(await world.lossesOf('one')).toEqual(losses);
      expect(await world.lossesOf('two')).toEqual(losses);
      const files = [...(await inodes('shared')).keys()];
      expect(files).toHaveLength(3);
      expect(files.filter((name) => !name.endsWith('.safetensors'))).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'are refused for a tower that is trained',
    async () => {
      await expect(run('tower', 'features', { freeze: [] })).rejects.toThrow(
        'featureCacheFolder: expected a frozen vision tower, got one that is trained',
      );
    },
    TIMEOUT,
  );

  it(
    'are refused where the disk has no room for them, before anything is written',
    async () => {
      const script = `
import pathlib, shutil, sys
from flexattn_train.feature_cache import FeatureCache
shutil.disk_usage = lambda folder: shutil._ntuple_diskusage(0, 0, 2_000_000_000)
cache = FeatureCache.__new__(FeatureCache)
cache.folder, cache.images, cache.picture_bytes = pathlib.Path("/there"), pathlib.Path(sys.argv[1]), 1_000_000_000
cache.check_room({"image0.png", "image1.png"})
try: cache.check_room({None, "image0.png", "image1.png"})
except ValueError as error: print(error)
`;
      const env = { PYTHONPATH: packageFolder, PYTHONDONTWRITEBYTECODE: '1' };
      const { stdoutTail } = await runProgram(python, ['-c', script, at('images')], { env });
      expect(stdoutTail).toEqual([
        'settings.featureCacheFolder: the features of 3 pictures take 3.0 GB, 2.0 GB are free in /there; name a folder on another disk, or null',
      ]);
    },
    TIMEOUT,
  );
});
