import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, flexattn } from './command-line.js';

const GOLDEN = join(ROOT, 'libs/flexattn-runtime/golden');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-ask-'));
  for (const part of ['grouped-heads', 'tokenizer'])
    cpSync(join(GOLDEN, part), join(folder, 'model'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

const ask = (question: string, input?: string) =>
  flexattn(
    [
      ...['ask', '--model', join(folder, 'model'), '--image', join(GOLDEN, 'photos/chelsea.jpg')],
      ...['--explain', join(folder, 'drawing.png'), '--max-new-tokens', '2', '--json', question],
    ],
    input === undefined ? {} : { input },
  );

describe('ask', () => {
  it('gives the same answer to a question on standard input, drawn', async () => {
    const [given, read] = [await ask('What is it?'), await ask('-', 'What is it?\n')];
    expect(given.code, given.stderr).toBe(0);
    expect(read).toEqual(given);
    expect(given.stderr).toMatch(/^\{"event":"note","text":"device: cpu \(auto/);
    expect(readFileSync(join(folder, 'drawing.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  it.each([
    ['as an argument', (question: string) => ask(question)],
    ['on standard input', (question: string) => ask('-', question)],
  ])('refuses a question of 40 kB %s, longer than the model, in good order', async (_, asked) => {
    const outcome = await asked('What? '.repeat(6_700).trim());
    expect(outcome.stderr).toMatch(/PROMPT_TOO_LONG/);
    expect(outcome.code).toBe(2);
  });
});
