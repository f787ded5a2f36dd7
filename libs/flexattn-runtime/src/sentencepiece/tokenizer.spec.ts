import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTokenizer, TextStream } from '../tokenizer.js';
import { createSentencePieceTokenizer } from './tokenizer.js';

const GOLDEN = join(import.meta.dirname, '../../golden/sentencepiece');
const json = (name: string): unknown => JSON.parse(readFileSync(join(GOLDEN, name), 'utf8'));
const bytesOf = (name: string) => readFileSync(join(GOLDEN, name));
const texts = json('texts.json') as string[];

/** Ids of every text of `texts.json`, and what ids decode to, as sentencepiece has them. */
interface Expected {
  ids: number[][];
  decoded: { ids: number[]; text: string }[];
}
const MODELS = ['llama', 'rules', 'plain'].map((name) => ({
  name,
  expected: json(`${name}.json`) as Expected,
  tokenizer: createSentencePieceTokenizer(bytesOf(`${name}.model`), {}, `${name}.model`),
}));
const [LLAMA] = MODELS.map(({ tokenizer }) => tokenizer);

/** What differs, a few of them, so that a failure can be read. */
const few = <T>(all: readonly T[]) => all.slice(0, 5);

describe.each(MODELS)('tokenizer.model "$name"', ({ expected, tokenizer }) => {
  it(`encodes ${texts.length} texts as sentencepiece does`, () => {
    const got = texts.map((text) => tokenizer.encodePrompt(text));
    const wrong = texts.flatMap((text, index) =>
      got[index]?.join() === expected.ids[index]?.join()
        ? []
        : [{ text, got: got[index], expected: expected.ids[index] }],
    );
    expect(few(wrong)).toEqual([]);
    expect(got).toHaveLength(expected.ids.length);
  });

  it('decodes as sentencepiece does', () => {
    const wrong = expected.decoded
      .map(({ ids, text }) => ({ ids, text, got: tokenizer.decode(ids) }))
      .filter(({ text, got }) => text !== got);
    expect(few(wrong)).toEqual([]);
  });

  it('streams, token by token, what it decodes as a whole', () => {
    const wrong = expected.decoded.filter(({ ids, text }) => {
      const stream = new TextStream(tokenizer);
      return [...ids.map((id) => stream.push(id)), stream.end()].join('') !== text;
    });
    expect(few(wrong)).toEqual([]);
  });
});

describe('tokenizer.json of the same vocabulary', () => {
  const tokenizer = createTokenizer(json('tokenizer.json') as object, {}, 'tokenizer.json');
  const ids = (json('llama.json') as Expected).ids;

  it('gives the same ids', () => {
    const wrong = texts
      .map((text, index) => ({ text, got: tokenizer.encodePrompt(text), expected: ids[index] }))
      .filter(({ got, expected }) => got.join() !== expected?.join());
    expect(few(wrong)).toEqual([]);
  });

  it('decodes them to the same text, also as a stream', () => {
    // U+FEFF is left out: @huggingface/tokenizers takes it for a byte order mark and drops it.
    const rows = ids.filter((_, index) => texts[index]?.includes('\u{feff}') === false).slice(0, 400);
    const wrong = rows.filter((row) => {
      const stream = new TextStream(tokenizer);
      const streamed = [...row.map((id) => stream.push(id)), stream.end()].join('');
      return tokenizer.decode(row) !== LLAMA?.decode(row) || streamed !== LLAMA.decode(row);
    });
    expect(few(wrong)).toEqual([]);
  });
});

describe('special tokens', () => {
  it('are found in the text, and what stands between them is encoded apart', () => {
    expect(LLAMA?.encode('red</s>USER')).toEqual([
      ...(LLAMA?.encode('red') ?? []),
      2,
      ...(LLAMA?.encode('USER').slice(1) ?? []),
    ]);
  });

  it('may be added ones, the longest first', () => {
    const added = { '<pad>': 640, '<pad>>': 641 };
    const tokenizer = createSentencePieceTokenizer(bytesOf('llama.model'), added, 'llama.model');
    const ids = tokenizer.encode('<pad>>a<pad>');
    expect(ids).toEqual([1, 641, ...tokenizer.encode('a').slice(1), 640]);
    expect(tokenizer.decode(ids)).toBe('a');
  });
});

describe('streaming', () => {
  it.each([
    ['a leading space once', 'the red plate', ['the']],
    ['characters of several bytes whole', '😀 a', ['😀']],
  ])('shows %s', (_, text, first) => {
    const stream = new TextStream(MODELS[0]?.tokenizer ?? failed());
    const parts = (LLAMA?.encode(text) ?? []).map((id) => stream.push(id)).filter((part) => part !== '');
    expect(parts.slice(0, first.length)).toEqual(first);
    expect(parts.join('') + stream.end()).toBe(text);
  });
});

describe('what is refused', () => {
  it.each([
    ['a unigram model', bytesOf('unigram.model'), /unigram.model: .*type BPE, got UNIGRAM/],
    ['an empty file', Buffer.alloc(0), /expected a SentencePiece model: no pieces.*TOKENIZER_INVALID/],
    ['text', Buffer.from('no model at all'), /TOKENIZER_INVALID/],
    ['half a model', bytesOf('llama.model').subarray(0, 5000), /TOKENIZER_INVALID/],
  ])('%s', (_, bytes, message) => {
    expect(() => createSentencePieceTokenizer(bytes, {}, 'unigram.model')).toThrow(message);
  });

  it('rules that are damaged', () => {
    const bytes = bytesOf('rules.model');
    // They begin with the size of their trie, which is a multiple of four.
    const size = bytes.indexOf('user_defined', 4000) + 'user_defined'.length + 3;
    expect(bytes.readUInt32LE(size)).toBe(1024);
    bytes[size] = 3;
    expect(() => createSentencePieceTokenizer(bytes, {}, 'rules.model')).toThrow(
      /rules.model: .*damaged precompiled_charsmap.*TOKENIZER_INVALID/,
    );
  });

  it('any cut of a model', () => {
    const whole = bytesOf('rules.model');
    for (let end = 0; end < whole.length; end += 97) {
      expect(
        () => createSentencePieceTokenizer(whole.subarray(0, end), {}, 'rules.model'),
        `${end} bytes`,
      ).toThrow('TOKENIZER_INVALID');
    }
  });
});

function failed(): never {
  throw new Error('no model was read');
}
