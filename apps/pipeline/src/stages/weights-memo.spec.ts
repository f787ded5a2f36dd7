import { hash } from 'node:crypto';
import fs, {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fingerprints, sha256File } from '@flexattn/stage';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { artifacts, openRun, workspaceFingerprints, type RunContext } from '../run-context.js';
import { runStep, type Stage } from '../stage.js';
import { compile } from './compile.js';
import { infer } from './infer.js';
import { init } from './init.js';

const TINY = fileURLToPath(new URL('../../../../configs/tiny.json', import.meta.url));
const BASE = fileURLToPath(new URL('../../../../tools/tiny/world/base', import.meta.url));
/** As the chain has it, where nothing is trained. */
const compileUntrained: Stage = { ...compile, after: ['init'], reads: (run) => init.reads(run) };
const PICTURE = fileURLToPath(
  new URL('../../../../tools/tiny/world/data/images/gqa/images/0304900.png', import.meta.url),
);
/** As the chain has it, with items that no benchmark has written. */
const inferWritten: Stage = {
  ...infer,
  after: ['compile'],
  reads: (run) => ({ models: artifacts(run, 'compile'), items: artifacts(run, 'items') }),
};

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flexattn-weights-'))));
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
  const fingerprints = await Fingerprints.open(workspaceFingerprints(folder));
  return { ...context, workspace: folder, fingerprints };
}

/** One question about one picture. */
function writeOneItem(context: RunContext): void {
  cpSync(PICTURE, join(folder, 'picture.png'));
  mkdirSync(artifacts(context, 'items'), { recursive: true });
  const imageSha256 = hash('sha256', readFileSync(PICTURE));
  const request = { prompt: '<image>\nWhat is it?', maxNewTokens: 1 };
  const item = { id: 'a', benchmark: 'b', image: 'picture.png', imageSha256, ...request };
  writeFileSync(join(artifacts(context, 'items'), 'items.jsonl'), `${JSON.stringify(item)}\n`);
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
  const shown = await Fingerprints.open(workspaceFingerprints(folder));
  const shard = join(folder, compiled, 'flex', 'model-00003-of-00003.safetensors');
  expect(shown.known(shard)).toBe(await sha256File(shard));
});

it('a model that the chain has hashed is not hashed again for its answers, unless nothing remembers it', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await runStep(await contextOf(), init);
  await runStep(await contextOf(), compileUntrained);
  writeOneItem(await contextOf());
  const hashed = hashedWeights();
  const { folder: answered } = await runStep(await contextOf(), inferWritten);
  expect(JSON.parse(readFileSync(join(folder, answered, 'flex.jsonl'), 'utf8'))).toMatchObject({ id: 'a' });
  expect(hashed).toEqual([]);

  for (const forgotten of ['fingerprints.tsv', 'answers', 'store', 'receipts'])
    rmSync(join(folder, '.flexattn', forgotten), { recursive: true });
  rmSync(join(folder, answered), { recursive: true });
  await runStep(await contextOf(), inferWritten);
  expect(hashed.length).toBeGreaterThan(0);
  expect(new Set(hashed).size).toBe(hashed.length);
});
