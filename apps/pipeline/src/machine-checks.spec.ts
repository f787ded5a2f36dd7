import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineChecks, nodeCheck, sizeCheck } from './machine-checks.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flexattn-doctor-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const python = async (interpreter?: string) =>
  (await machineChecks(folder, interpreter)).find(({ name }) => name === 'Python and torch');

describe('checks of the machine', () => {
  it.each([
    ['20.18.3', false],
    ['20.19.0', true],
    ['24.1.0', true],
    ['18.20.0', false],
  ])('Node.js %s: %s', (version, ok) => {
    expect(nodeCheck(version)).toMatchObject({ ok, found: version });
  });

  it.each([
    [4e9, true, '4.0 GB free'],
    [3.9e9, false, '3.9 GB free'],
  ])('%d bytes of 4e9: %s', (free, ok, found) => {
    expect(sizeCheck('disk', free, 4e9, '', 'free some')).toEqual({
      name: 'disk',
      ok,
      found,
      remedy: ok ? [] : ['expected 4.0 GB: free some'],
    });
  });

  it('tell every part, and of a part that lacks how it is added', async () => {
    const checks = await machineChecks(folder, undefined);
    const names = ['Node.js', 'npm', 'Python and torch', 'disk', 'memory', 'git', 'browser', 'sbatch'];
    expect(checks.map(({ name }) => name)).toEqual(names);
    for (const { ok, remedy } of checks) expect(remedy.length > 0).toBe(!ok);
    expect(await python()).toMatchObject({ ok: false, found: 'no environment yet' });
  });

  it('say why an interpreter cannot train', async () => {
    const fake = join(folder, 'python');
    writeFileSync(fake, '#!/bin/sh\nexit 3\n');
    chmodSync(fake, 0o755);
    expect(await python(fake)).toMatchObject({
      ok: false,
      found: expect.stringContaining('PYTHON_MISSING') as string,
    });
  });
});
