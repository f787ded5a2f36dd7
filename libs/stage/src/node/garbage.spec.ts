import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Fingerprints } from './fingerprint.js';
import { collectGarbage } from './garbage.js';
import { withLock } from './lock.js';
import { runStage } from './run-stage.js';
import { stageState } from './stage-state.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

const HOUR = 3_600_000;

async function workspaceWith(texts: readonly string[]) {
  const workspace = await temporaryFolder();
  const fingerprints = await Fingerprints.open(join(workspace, 'memo.tsv'));
  const inputs = (text: string) => ({ stage: 'write', inputs: {}, parameters: { text }, tools: {} });
  for (const text of texts) {
    await runStage({
      ...{ workspace, fingerprints, run: 'demo' },
      ...inputs(text),
      produce: async (folder) => {
        await writeFile(join(folder, 'own'), text);
        await writeFile(join(folder, 'common'), 'common');
        return null;
      },
    });
  }
  const stored = async () => (await readdir(join(workspace, '.flexattn/store'), { recursive: true })).length;
  return { workspace, fingerprints, inputs, stored };
}

describe('collectGarbage', () => {
  it('finds what no run shows once it is old enough, and leaves what the others share', async () => {
    const { workspace, stored } = await workspaceWith(['first', 'second']);
    const later = Date.now() + 3 * HOUR;
    const before = await stored();
    const young = await collectGarbage({ workspace, keepMs: 4 * HOUR, now: later, remove: false });
    expect(young.garbage).toEqual({ files: 0, bytes: 0, paths: [] });
    const old = await collectGarbage({ workspace, keepMs: HOUR, now: later, remove: false });
    expect(old).toMatchObject({
      store: { files: 3, bytes: 17 },
      kept: { files: 2 },
      garbage: { files: 1, bytes: 5 },
    });
    expect(old.garbage.paths).toHaveLength(2);
    expect(await stored()).toBe(before);
    await collectGarbage({ workspace, keepMs: HOUR, now: later, remove: true });
    for (const path of old.garbage.paths) expect(existsSync(path)).toBe(false);
    const again = await collectGarbage({ workspace, keepMs: HOUR, now: later, remove: false });
    expect(again.store).toEqual({ files: 2, bytes: 12 });
  });

  it('leaves files that were stored within the hour: a stage may be about to list them', async () => {
    const { workspace } = await workspaceWith([]);
    await mkdir(join(workspace, '.flexattn/store/ab'), { recursive: true });
    await writeFile(join(workspace, '.flexattn/store/ab/ab12'), 'new');
    const at = (now: number) => collectGarbage({ workspace, keepMs: 0, now, remove: false });
    expect((await at(Date.now())).garbage.files).toBe(0);
    expect((await at(Date.now() + 2 * HOUR)).garbage.files).toBe(1);
  });

  it('takes away what a killed stage left, and what is kept by age alone', async () => {
    const { workspace } = await workspaceWith(['one']);
    await mkdir(join(workspace, 'runs/demo/other.staging'));
    await mkdir(join(workspace, '.flexattn/answers/model'), { recursive: true });
    await utimes(join(workspace, '.flexattn/answers/model'), 0, 0);
    const options = { workspace, keepMs: HOUR, now: Date.now() + 2 * HOUR, aged: ['answers'], remove: true };
    const { garbage } = await collectGarbage(options);
    expect(garbage.paths.map((path) => path.slice(workspace.length + 1)).sort()).toEqual([
      '.flexattn/answers/model',
      'runs/demo/other.staging',
    ]);
    expect(existsSync(join(workspace, 'runs/demo/write/own'))).toBe(true);
  });

  it('removes nothing while a stage is worked on', async () => {
    const { workspace } = await workspaceWith(['one']);
    const options = { workspace, keepMs: 0, now: Date.now(), remove: true };
    await withLock(join(workspace, 'runs/demo/.write.lock'), async () => {
      await expect(collectGarbage(options)).rejects.toMatchObject({ code: 'LOCKED', exitCode: 75 });
      await expect(collectGarbage({ ...options, remove: false })).resolves.toMatchObject({ removed: false });
    });
  });

  it('finds nothing where nothing ran', async () => {
    const workspace = await temporaryFolder();
    const none = await collectGarbage({ workspace, keepMs: 0, now: Date.now(), remove: true });
    expect(none.store).toEqual({ files: 0, bytes: 0 });
  });
});

describe('stageState', () => {
  it('tells fresh, stale by what, damaged and missing', async () => {
    const { workspace, fingerprints, inputs } = await workspaceWith(['one']);
    const folder = join(workspace, 'runs/demo/write');
    const state = (text: string, where = folder) => stageState(where, inputs(text), fingerprints);
    expect(await state('one')).toMatchObject({ state: 'fresh', changed: [] });
    expect(await state('two')).toMatchObject({ state: 'stale', changed: ['parameters.text'] });
    expect(await state('one', join(workspace, 'runs/demo/none'))).toEqual({ state: 'missing', changed: [] });
    expect(await state('one')).toMatchObject({ state: 'fresh' });
    await rm(join(folder, 'own'));
    expect(await state('one')).toMatchObject({ state: 'damaged' });
  });
});
