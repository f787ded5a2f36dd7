import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { freeGpuMemory } from './gpu-memory.js';

let bin = '';
beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'flexattn-smi-'));
  vi.stubEnv('PATH', `${bin}${delimiter}${process.env['PATH'] ?? ''}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(bin, { recursive: true });
});

const driver = (script: string) =>
  writeFile(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

it.each([
  ['the first GPU', undefined, 0],
  ['the first of the visible ones', '3,1', 3],
])('asks the driver about %s', async (_, visible, gpu) => {
  await driver(`case "$*" in *memory.free*"-i ${gpu}") echo 40000 ;; *) exit 6 ;; esac`);
  expect(await freeGpuMemory(visible)).toBe(40_000 * 2 ** 20);
});

it.each([
  ['fails', 'exit 9'],
  ['tells no number', 'echo "[N/A]"'],
])('knows nothing where the driver %s', async (_, script) => {
  await driver(script);
  expect(await freeGpuMemory('0')).toBeUndefined();
});
