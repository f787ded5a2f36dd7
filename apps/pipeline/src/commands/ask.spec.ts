import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const GOLDEN = fileURLToPath(new URL('../../../../libs/flexattn-runtime/golden', import.meta.url));
const CHECKPOINT = join(GOLDEN, 'grouped-heads');
const image = join(CHECKPOINT, 'image0.png');

let root: string;
let model: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flexattn-ask-'));
  model = join(root, 'model');
  cpSync(CHECKPOINT, model, { recursive: true });
  cpSync(join(GOLDEN, 'tokenizer'), model, { recursive: true });
});
afterEach(() => {
  rmSync(root, { recursive: true });
  forgetCommands();
});
const ask = (...args: string[]) =>
  runCommand('ask', '--model', model, '--image', image, '--max-new-tokens', '3', ...args);

describe('ask', () => {
  it('reads the question from standard input where it is "-"', async () => {
    const { stdout } = await ask('--json', 'What is it?');
    vi.restoreAllMocks();
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(
      Readable.from(['What ', 'is it?\n']) as typeof process.stdin,
    );
    expect((await ask('--json', '-')).stdout).toBe(stdout);
    expect(JSON.parse(stdout)).toMatchObject({ finish: 'length', selection: { selection: 'attention' } });
  });

  it('draws where the answer looked, and says first which device computes and why', async () => {
    const drawing = join(root, 'drawing.png');
    const { stdout, stderr } = await ask('--json', '--explain', drawing, 'What is it?');
    expect(readFileSync(drawing).subarray(1, 4).toString()).toBe('PNG');
    const { tokens } = JSON.parse((await ask('--json', 'What is it?')).stdout) as { tokens: number[] };
    const { steps } = JSON.parse(stdout) as { steps: { token: number }[] };
    expect(steps.map(({ token }) => token)).toEqual(tokens);
    expect(JSON.parse(stderr.split('\n')[0] ?? '')).toMatchObject({
      event: 'note',
      text: expect.stringMatching(/^device: cpu \(auto/) as string,
    });
  });

  it('says which device was to compute where the model does not load', async () => {
    writeFileSync(join(model, 'config.json'), '{}');
    await expect(ask('--device', 'cuda', 'What is it?')).rejects.toThrow('config.json');
    const [said] = vi.mocked(process.stderr).write.mock.calls;
    expect(said?.[0]).toContain('device: cuda (as asked for)');
  });

  it('refuses a drawing that is no PNG', async () => {
    await expect(ask('--explain', 'drawing.jpg', 'What?')).rejects.toThrow(/ends in \.png/);
  });
});
