import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTokenizer, TextStream } from './tokenizer.js';

const GOLDEN = join(import.meta.dirname, '../golden/tokenizer');
const read = (name: string): unknown => JSON.parse(readFileSync(join(GOLDEN, name), 'utf8'));
const expected = read('expected.json') as { text: string; ids: number[]; decoded: string }[];
const tokenizer = createTokenizer(read('tokenizer.json') as object, {}, 'tokenizer.json');

describe('encode and decode', () => {
  it.each(expected)('equal the tokenizers library for $text', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });
});

describe('encodePrompt', () => {
  const encoded = (text: string) => tokenizer.encode(text).slice(1);

  it('puts -200 for <image>, and the begin-of-text token at the very front alone', () => {
    expect(tokenizer.encodePrompt('USER: <image>\nWhat? ASSISTANT:')).toEqual([
      1,
      ...encoded('USER: '),
      -200,
      ...encoded('\nWhat? ASSISTANT:'),
    ]);
  });

  it('encodes the chunk after the tag as a text of its own', () => {
    expect(encoded('\nWhat?')[0]).toBe(tokenizer.encode(' ')[1]);
  });

  it('takes text without an image, and one that begins or ends with it', () => {
    expect(tokenizer.encodePrompt('What?')).toEqual(tokenizer.encode('What?'));
    expect(tokenizer.encodePrompt('<image>')).toEqual([1, -200]);
  });
});

describe('TextStream', () => {
  it('adds up to the decoded text and never shows half a character', () => {
    const text = 'naïve 😀 plate';
    const stream = new TextStream(tokenizer);
    const parts = tokenizer.encode(text).map((id) => stream.push(id));
    parts.push(stream.end());
    expect(parts.join('')).toBe(text);
    expect(parts.some((part) => part.includes('\u{fffd}'))).toBe(false);
    expect(parts).toContain('😀');
  });

  it('shows at the end what never became a character', () => {
    const stream = new TextStream(tokenizer);
    const [half = 0] = tokenizer.encode('😀').slice(2);
    expect(stream.push(half)).toBe('');
    expect(stream.end()).toBe('\u{fffd}');
  });
});

describe('createTokenizer', () => {
  it('refuses content that is no tokenizer', () => {
    expect(() => createTokenizer({ model: {} }, {}, 'tokenizer.json')).toThrow(
      /tokenizer.json: .*TOKENIZER_INVALID/,
    );
  });

  it.each([
    ['text', 'seven'],
    ['a number that is not whole', 1.5],
    ['the number that stands for a picture', -200],
  ])('refuses, when it is used, an id that is %s', (_, id) => {
    const content = read('tokenizer.json') as { model: { vocab: Record<string, unknown> } };
    content.model.vocab['▁the'] = id;
    const damaged = createTokenizer(content, {}, 'tokenizer.json');
    expect(damaged.encode('st')).toEqual(tokenizer.encode('st'));
    expect(() => damaged.encode('the')).toThrow(/tokenizer.json: .*the id .*TOKENIZER_INVALID/);
  });
});
