import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fingerprints, runStage } from '@flexattn/stage';

const ROOT = resolve(import.meta.dirname, '../..');
const picture = 'pictures/a.png';
let workspace: string;

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'flexattn-fingerprint-'));
  mkdirSync(join(workspace, 'tools'));
  cpSync(join(ROOT, 'tools/nx'), join(workspace, 'tools/nx'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(workspace, 'node_modules'));
  for (const folder of ['configs', 'pictures']) mkdirSync(join(workspace, folder));
  writeFileSync(join(workspace, picture), 'picture');
  writeFileSync(join(workspace, 'a.json'), '[]');
  configure({});
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

function configure(more: object): void {
  const config = {
    data: { annotations: 'a.json', images: 'pictures' },
    clean: {},
    train: { steps: 1 },
    ...more,
  };
  writeFileSync(join(workspace, 'configs/one.json'), JSON.stringify(config));
}

function fingerprint(stage: string, env: Record<string, string> = {}): string {
  const script = join(workspace, 'tools/nx/fingerprint.mjs');
  return execFileSync(process.execPath, [script, stage], {
    cwd: workspace,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

/** What a run of the stage leaves behind. */
async function leaveArtifacts(): Promise<string> {
  const produce = async (folder: string) => {
    await writeFile(join(folder, 'out.txt'), 'out');
    return null;
  };
  const fingerprints = await Fingerprints.open(join(workspace, '.flexattn/fingerprints.tsv'));
  const decided = { stage: 'clean', inputs: {}, parameters: {}, tools: {} };
  await runStage({ workspace, run: 'one', ...decided, fingerprints, produce });
  return join(workspace, 'runs/one/clean/out.txt');
}

describe('the fingerprint of a stage', () => {
  const stays: [string, () => void][] = [
    ['nothing', () => undefined],
    ['the time of a picture', () => utimesSync(join(workspace, picture), 1, 1)],
    ['a setting of another stage', () => configure({ train: { steps: 2 } })],
  ];
  it.each(stays)('stays when %s changes', (_what, change) => {
    const before = fingerprint('clean');
    change();
    expect(fingerprint('clean')).toBe(before);
  });

  const changes: [string, () => void][] = [
    ['one byte of a picture, same size', () => writeFileSync(join(workspace, picture), 'pictur!')],
    ['an annotation', () => writeFileSync(join(workspace, 'a.json'), '[1]')],
    ['the name of a picture', () => writeFileSync(join(workspace, 'pictures/b.png'), '')],
    ['a setting of the stage', () => configure({ clean: { verify: 'exists' } })],
    ['the data go', () => rmSync(join(workspace, 'a.json'))],
  ];
  it.each(changes)('changes with %s', (_what, change) => {
    const before = fingerprint('clean');
    change();
    expect(fingerprint('clean')).not.toBe(before);
  });

  it('still sees the data where another configuration is not JSON', () => {
    writeFileSync(join(workspace, 'configs/broken.json'), '{');
    const before = fingerprint('clean');
    writeFileSync(join(workspace, picture), 'pictur!');
    expect(fingerprint('clean')).not.toBe(before);
  });

  it('is never the same twice where it cannot be told', () => {
    mkdirSync(join(workspace, 'configs/folder.json'));
    expect(fingerprint('clean')).not.toBe(fingerprint('clean'));
  });

  it('is that of a first run while artifacts are intact, and never the same twice while they are not', async () => {
    const before = fingerprint('clean');
    const file = await leaveArtifacts();
    expect(fingerprint('clean')).toBe(before);
    rmSync(file);
    expect(fingerprint('clean')).not.toBe(before);
    expect(fingerprint('clean')).not.toBe(fingerprint('clean'));
  });

  it("changes with Node's major version", () => {
    const preload = join(workspace, 'node-99.mjs');
    writeFileSync(
      preload,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '99.0.0' } });",
    );
    expect(fingerprint('clean', { NODE_OPTIONS: `--import=${preload}` })).not.toBe(fingerprint('clean'));
  });

  it('changes with the packages of a named interpreter, for training alone', () => {
    const python = join(workspace, 'python.sh');
    const having = (torch: string, stage: string) => {
      writeFileSync(python, `#!/bin/sh\necho '{"torch": "${torch}"}'\n`, { mode: 0o755 });
      return fingerprint(stage, { FLEXATTN_PYTHON: python });
    };
    expect(having('2.8', 'train')).not.toBe(having('2.9', 'train'));
    expect(having('2.9', 'train')).toBe(having('2.9', 'train'));
    expect(having('2.8', 'clean')).toBe(having('2.9', 'clean'));
  });

  it('covers the configuration that FLEXATTN_CONFIG names', () => {
    const elsewhere = join(workspace, 'mine.json');
    writeFileSync(elsewhere, JSON.stringify({ clean: { verify: 'exists' } }));
    expect(fingerprint('clean', { FLEXATTN_CONFIG: elsewhere })).not.toBe(fingerprint('clean'));
  });
});
