import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '@flexattn/stage';
import { ensurePythonEnvironment } from './python-environment.js';

let folder: string;
let dir: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexattn-env-'));
  dir = join(folder, 'env');
});
afterEach(() => rm(folder, { recursive: true }));

const full = { python: '3.11.7', torch: '2.13.0', safetensors: '0.8.0', numpy: '2.4.6', pillow: '13.0.0' };

interface FakePython {
  versions?: Record<keyof typeof full, string | null>;
  pip?: string;
}

/**
 * An interpreter of shell: answers the question for versions, "makes" an environment by copying itself, and logs
 * what pip is asked for. `pip`: what its pip does.
 */
async function fakePython({ versions = full, pip = 'exit 0' }: FakePython = {}): Promise<string> {
  const file = join(folder, 'python3');
  const lines = [
    '#!/bin/sh',
    `if [ "$2" = venv ]; then echo venv >> '${folder}/log'; mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit; fi`,
    `if [ "$2" = pip ]; then echo "$@" >> '${folder}/log'; ${pip}; fi`,
    `echo '${JSON.stringify(versions)}'`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await chmod(file, 0o755);
  return file;
}

const made = async () =>
  (await readFile(join(folder, 'log'), 'utf8')).split('\n').filter((line) => line === 'venv').length;

describe('an interpreter that is named', () => {
  it('is used as it is', async () => {
    const python = await fakePython();
    expect(await ensurePythonEnvironment({ dir, python })).toEqual({ python, versions: full });
    expect(await readdir(folder)).toEqual(['python3']);
  });

  it('is refused with what is missing', async () => {
    const python = await fakePython({ versions: { ...full, torch: '2.5.0', numpy: null } });
    await expect(ensurePythonEnvironment({ dir, python })).rejects.toThrow(
      /python3: torch is 2\.5\.0, expected 2\.6 or later, numpy is missing; run .* \(PACKAGES_MISSING\)/,
    );
  });

  it.each([
    ['is not there', 'nowhere/python3'],
    ['is a folder', '.'],
  ])('is refused where it %s', async (_, path) => {
    await expect(ensurePythonEnvironment({ dir, python: join(folder, path) })).rejects.toThrow(
      /install Python 3\.10 or later.*\(PYTHON_MISSING\)/,
    );
  });

  it('is refused where it is no Python', async () => {
    const python = join(folder, 'other');
    await writeFile(python, '#!/bin/sh\necho hello\n', { mode: 0o755 });
    await expect(ensurePythonEnvironment({ dir, python })).rejects.toMatchObject({ code: 'PYTHON_MISSING' });
  });
});

describe('the virtual environment', () => {
  it('is made once, from locked hashes, and then found intact', async () => {
    const base = await fakePython();
    const first = await ensurePythonEnvironment({ dir, base, quiet: true });
    expect(first).toEqual({ python: join(dir, 'bin', 'python'), versions: full });
    expect(await readFile(join(folder, 'log'), 'utf8')).toMatch(
      /pip install --require-hashes .*requirements\.lock/,
    );
    expect(await ensurePythonEnvironment({ dir, base, quiet: true })).toEqual(first);
    expect(await made()).toBe(1);
  });

  it('is made again where it was left half-made', async () => {
    const base = await fakePython();
    await mkdir(join(dir, 'lib'), { recursive: true });
    await ensurePythonEnvironment({ dir, base, quiet: true });
    expect(await readdir(dir)).toEqual(['bin', 'flexattn-environment.json']);
  });

  it.each([
    ['its requirements changed', '{"lock":"0000","python":"3.11.7"}'],
    ['its marker is damaged', '{"lock":'],
  ])('is made again where %s', async (_, marker) => {
    const base = await fakePython();
    await ensurePythonEnvironment({ dir, base, quiet: true });
    await writeFile(join(dir, 'flexattn-environment.json'), marker);
    await ensurePythonEnvironment({ dir, base, quiet: true });
    expect(await made()).toBe(2);
  });

  it('is made again where its interpreter is gone', async () => {
    const base = await fakePython();
    await ensurePythonEnvironment({ dir, base, quiet: true });
    await rm(join(dir, 'bin'), { recursive: true });
    await ensurePythonEnvironment({ dir, base, quiet: true });
    expect(await made()).toBe(2);
  });

  it('is removed where pip fails, whose last line is told', async () => {
    const base = await fakePython({ pip: 'echo "ERROR: hash mismatch" >&2; exit 1' });
    await expect(ensurePythonEnvironment({ dir, base, quiet: true })).rejects.toMatchObject({
      code: 'ENVIRONMENT_FAILED',
      message: expect.stringMatching(/hash mismatch.*FLEXATTN_PYTHON/) as string,
    });
    expect(await readdir(folder)).toEqual(['log', 'python3']);
  });

  it('needs a Python to be made with, not too old', async () => {
    await expect(
      ensurePythonEnvironment({ dir, base: join(folder, 'none'), quiet: true }),
    ).rejects.toMatchObject({
      code: 'PYTHON_MISSING',
    });
    const base = await fakePython({ versions: { ...full, python: '3.9.2' } });
    await expect(ensurePythonEnvironment({ dir, base, quiet: true })).rejects.toMatchObject({
      code: 'PYTHON_TOO_OLD',
    });
  });

  it('is not made by two at once', async () => {
    const base = await fakePython();
    const release = await acquireLock(`${dir}.lock`);
    await expect(ensurePythonEnvironment({ dir, base, quiet: true })).rejects.toMatchObject({
      code: 'LOCKED',
    });
    await release();
    await ensurePythonEnvironment({ dir, base, quiet: true });
  });
});
