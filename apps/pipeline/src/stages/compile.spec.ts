import fs, { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fingerprints, sha256File } from '@flexattn/stage';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openRun } from '../run-context.js';
import { runStep, type Stage } from '../stage.js';
import { compile } from './compile.js';
import { init } from './init.js';

const TINY = fileURLToPath(new URL('../../../../configs/tiny.json', import.meta.url));
const BASE = fileURLToPath(new URL('../../../../tools/tiny/world/base', import.meta.url));
/** As the chain has it, where nothing is trained. */
const compileUntrained: Stage = { ...compile, after: ['init'], reads: (run) => init.reads(run) };

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flexattn-compile-'))));
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true, force: true });
});

async function contextOf() {
  const set = [
    { path: ['checkpoint'], value: BASE },
    { path: ['models'], value: [{ name: 'flex', selection: 'attention', trained: false }] },
  ];
  const signal = AbortSignal.timeout(60_000);
  const context = await openRun({ config: TINY, cwd: folder, signal, set, quiet: true });
  const fingerprints = await Fingerprints.open(join(folder, '.flexattn', 'fingerprints.tsv'));
  return { ...context, workspace: folder, fingerprints };
}

/** Names of weight files whose bytes are hashed from here on. */
function hashedWeights(): string[] {
  const names: string[] = [];
  const read = fs.createReadStream;
  vi.spyOn(fs, 'createReadStream').mockImplementation((path, options) => {
    const name = basename(String(path));
    if (name.endsWith('.safetensors')) names.push(name);
    return read(path, options);
  });
  syncBuiltinESMExports();
  return names;
}

it('weights are hashed once in the chain, and what init writes while it is written', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const weights = readdirSync(BASE, { recursive: true }).filter((name) =>
    String(name).endsWith('.safetensors'),
  );
  const hashed = hashedWeights();
  await runStep(await contextOf(), init);
  expect(hashed.sort()).toEqual(weights.map((name) => basename(String(name))).sort());
  const { folder: compiled } = await runStep(await contextOf(), compileUntrained);
  expect(hashed).toHaveLength(weights.length);
  const shown = await Fingerprints.open(join(folder, '.flexattn', 'fingerprints.tsv'));
  const shard = join(folder, compiled, 'flex', 'model-00003-of-00003.safetensors');
  expect(shown.known(shard)).toBe(await sha256File(shard));
});
