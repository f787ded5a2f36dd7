import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadTokenizer } from './load-tokenizer.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flexattn-tokenizer-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('loadTokenizer', () => {
  it('reads tokenizer.json', async () => {
    await cp(join(import.meta.dirname, '../../golden/tokenizer'), dir, { recursive: true });
    expect((await loadTokenizer(dir)).encode('')).toEqual([1]);
  });

  it('says that tokenizer.model alone is not enough', async () => {
    await writeFile(join(dir, 'tokenizer.model'), '');
    await expect(loadTokenizer(dir)).rejects.toThrow(
      /got only tokenizer.model.*save_pretrained.*TOKENIZER_MISSING/,
    );
  });

  it('says that there is none, or that it is none', async () => {
    await expect(loadTokenizer(dir)).rejects.toThrow('expected tokenizer.json in this folder, got none');
    await writeFile(join(dir, 'tokenizer.json'), '{"model": {"type": "Sundial"}}');
    await expect(loadTokenizer(dir)).rejects.toThrow('TOKENIZER_INVALID');
  });
});
