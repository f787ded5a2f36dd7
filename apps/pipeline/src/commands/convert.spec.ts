import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgram } from '../command.js';

const stateDict = fileURLToPath(
  new URL('../../../../tools/fuzz/corpus/torch-zip/state-dict.bin', import.meta.url),
);
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flexattn-convert-'));
  mkdirSync(join(root, 'checkpoint'));
  cpSync(stateDict, join(root, 'checkpoint', 'pytorch_model.bin'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

/** What `flexattn convert` prints. */
async function convert(...flags: string[]): Promise<string> {
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  const args = ['convert', join(root, 'checkpoint'), '--out', join(root, 'out'), ...flags];
  await createProgram('0').parseAsync(args, { from: 'user' });
  vi.restoreAllMocks();
  return printed.join('');
}

it('says what it would write, writes it, and prints the same as JSON', async () => {
  expect(await convert('--dry-run')).toMatch(
    /^would write 7 tensors, 0\.0 MB, .*\n {2}written {2}model\.safetensors/,
  );
  expect(existsSync(join(root, 'out'))).toBe(false);
  const report = JSON.parse(await convert('--json')) as unknown;
  const { length } = readFileSync(join(root, 'out', 'model.safetensors'));
  expect(report).toEqual({
    event: 'result',
    tensors: 7,
    bytes: 92,
    files: [{ path: 'model.safetensors', bytes: length, how: 'written' }],
  });
});

it('says so where the result is there already, and refuses to write over anything else', async () => {
  await convert('--quiet');
  expect(await convert('--quiet')).toMatch(/out holds these 7 tensors already; nothing to do\n$/);
  writeFileSync(join(root, 'out', 'mine.txt'), 'x');
  await expect(convert('--quiet')).rejects.toMatchObject({ code: 'OUT_EXISTS', exitCode: 2 });
});
