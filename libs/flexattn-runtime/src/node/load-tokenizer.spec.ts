import { cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hasTokenizer, loadTokenizer } from './load-tokenizer.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flexattn-tokenizer-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('loadTokenizer', () => {
  it('reads tokenizer.json', async () => {
    await cp(join(GOLDEN, 'tokenizer'), dir, { recursive: true });
    expect((await loadTokenizer(dir)).encode('')).toEqual([1]);
  });

  it('reads tokenizer.model, and added_tokens.json beside it', async () => {
    await copyModel('llama');
    expect(await hasTokenizer(dir)).toBe(true);
    expect((await loadTokenizer(dir)).encode('</s>')).toEqual([1, 2]);
    await writeFile(join(dir, 'added_tokens.json'), '{"<pad>": 640}');
    expect((await loadTokenizer(dir)).encode('<pad>')).toEqual([1, 640]);
  });

  it('prefers tokenizer.json where there are both', async () => {
    await copyModel('unigram');
    await expect(loadTokenizer(dir)).rejects.toThrow('UNIGRAM');
    await cp(join(GOLDEN, 'tokenizer'), dir, { recursive: true });
    expect((await loadTokenizer(dir)).encode('')).toEqual([1]);
  });

  it('does not take a file that cannot be looked at for one that is not there', async () => {
    await cp(join(GOLDEN, 'tokenizer'), dir, { recursive: true });
    const file = join(dir, 'tokenizer_config.json');
    await rm(file, { force: true });
    await loadTokenizer(dir);
    await symlink('tokenizer_config.json', file);
    await expect(loadTokenizer(dir)).rejects.toMatchObject({ code: 'FILE_UNREADABLE', file });
  });

  it('says that there is none, or that it is none', async () => {
    await expect(loadTokenizer(dir)).rejects.toThrow('expected tokenizer.json or tokenizer.model');
    expect(await hasTokenizer(dir)).toBe(false);
    await writeFile(join(dir, 'tokenizer.json'), '{"model": {"type": "Sundial"}}');
    await expect(loadTokenizer(dir)).rejects.toThrow('TOKENIZER_INVALID');
  });

  it.each(['normalizer', 'pre_tokenizer', 'decoder'])(
    'refuses a step of the %s without a pattern',
    async (part) => {
      const warned = vi.spyOn(console, 'warn').mockReturnValue();
      const steps =
        { normalizer: 'normalizers', pre_tokenizer: 'pretokenizers', decoder: 'decoders' }[part] ?? '';
      const type = part === 'pre_tokenizer' ? 'Split' : 'Replace';
      const load = async (pattern: object | undefined) => {
        const inner = { type: 'Sequence', [steps]: [{ type, pattern, behavior: 'Isolated', content: ' ' }] };
        const content = JSON.parse(
          await readFile(join(GOLDEN, 'tokenizer/tokenizer.json'), 'utf8'),
        ) as object;
        const file = join(dir, 'tokenizer.json');
        await writeFile(file, JSON.stringify({ ...content, [part]: { type: 'Sequence', [steps]: [inner] } }));
        return loadTokenizer(dir);
      };
      await load({ String: 'x' });
      await load({ Regex: 'x+' });
      for (const none of [{}, { Text: 'x' }, { String: 7 }, undefined])
        await expect(load(none)).rejects.toThrow(
          new RegExp(`${part}\\.${steps}\\.0\\.${steps}\\.0\\.pattern has neither .*TOKENIZER_INVALID`),
        );
      expect(warned).not.toHaveBeenCalled();
      warned.mockRestore();
    },
  );

  it('refuses a tokenizer.model that is a folder, or has more than 64 MB', async () => {
    const model = join(dir, 'tokenizer.model');
    await mkdir(model);
    await expect(loadTokenizer(dir)).rejects.toThrow(/tokenizer.model: expected a file.*NOT_A_FILE/);
    await rm(model, { recursive: true });
    await copyModel('llama');
    await truncate(model, 64e6 + 1);
    await expect(loadTokenizer(dir)).rejects.toThrow(/at most 64 MB, got 64 MB.*TOKENIZER_INVALID/);
  });

  it('refuses added tokens that are none', async () => {
    await copyModel('llama');
    await writeFile(join(dir, 'added_tokens.json'), '{"<pad>": "last"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('added_tokens.json');
  });
});

const copyModel = (name: string) =>
  cp(join(GOLDEN, `sentencepiece/${name}.model`), join(dir, 'tokenizer.model'));
