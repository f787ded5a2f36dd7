import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import streamArray from 'stream-json/streamers/stream-array.js';
import { DataPrepError } from './errors.js';
import { damaged, pick, randomArray, randomFrom, randomSamples } from './generated-json.fixture.js';
import { parseSample } from './parse-sample.js';
import { toSample } from './sample.js';
import { SampleScanner, type ScannedSample } from './sample-scanner.js';

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8')) as string[];
const IMAGES = ['coco/train2017/000000000009.jpg', 'a.png'] as const;

/** The samples that stream-json, a reader of its own making, finds. */
async function oracle(bytes: Uint8Array): Promise<unknown[] | 'refused'> {
  const values: unknown[] = [];
  try {
    const stream = Readable.from([bytes]).pipe(streamArray.withParserAsStream());
    for await (const { value } of stream as AsyncIterable<{ value: unknown }>) values.push(value);
  } catch {
    return 'refused';
  }
  return values;
}

/** The samples that the scanner finds, in chunks of `step` bytes. */
function ours(bytes: Uint8Array, step = Infinity): unknown[] | 'refused' {
  try {
    const scanner = new SampleScanner('mix.json');
    const found: ScannedSample[] = [];
    for (let i = 0; i < bytes.length; i += step) found.push(...scanner.push(bytes.subarray(i, i + step)));
    return [...found, ...scanner.end()].map(valueOf);
  } catch (error) {
    if (error instanceof DataPrepError) return 'refused';
    throw error;
  }
}

/** How many samples the scanner has called plain. */
let plainSamples = 0;

function valueOf(scanned: ScannedSample): unknown {
  const { plain, bytes = new Uint8Array(0) } = scanned;
  if (plain !== undefined) plainSamples += 1;
  const parsed = parseSample(scanned, 'mix.json');
  const value = JSON.parse(Buffer.from(bytes).toString()) as unknown;
  // What the scanner calls plain is never parsed: it must be right in every respect.
  if (plain !== undefined && (parsed.drop !== undefined || 'problem' in toSample(value)))
    throw new Error(`not plain: ${Buffer.from(bytes).toString()}`);
  return value;
}

/** Compares both readers for each text, and counts how many they refuse. */
async function compared(texts: Iterable<string>, random: () => number): Promise<number> {
  let refused = 0;
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const expected = await oracle(bytes);
    if (expected === 'refused') refused += 1;
    const step = pick(random, [1 + Math.floor(random() * 40), 1 + Math.floor(random() * 400), Infinity]);
    expect([text, step, ours(bytes, step)]).toEqual([text, step, expected]);
  }
  return refused;
}

describe('the scanner against stream-json', () => {
  it('finds the same samples in 5,000 generated arrays of any values', async () => {
    const random = randomFrom(1);
    const texts = Array.from({ length: 5000 }, () => randomArray(random));
    expect(await compared(texts, random)).toBe(0);
  });

  it('finds the same samples in 5,000 generated annotation files', async () => {
    const random = randomFrom(2);
    const texts = Array.from({ length: 5000 }, () =>
      randomSamples(random, 1 + Math.floor(random() * 4), IMAGES),
    );
    plainSamples = 0;
    expect(await compared(texts, random)).toBe(0);
    expect(plainSamples).toBeGreaterThan(500);
  });

  it('judges 5,000 damaged ones in the same way', async () => {
    const random = randomFrom(3);
    const texts = Array.from({ length: 5000 }, (_, i) => {
      const text =
        i % 2 === 0 ? randomArray(random) : randomSamples(random, 1 + Math.floor(random() * 2), IMAGES);
      return damaged(random, text);
    });
    expect(await compared(texts, random)).toBeGreaterThan(1500);
  });

  it('refuses and accepts the same texts of the corpus, alone, among others and inside a sample', async () => {
    const random = randomFrom(4);
    const around = (text: string) => [
      `[${text}]`,
      `[{"a":1}, ${text} ,2]`,
      `[{"id":1,"conversations":[{"from":"human","value":"a","x":${text}}]}]`,
    ];
    const bad = golden('json-refused').flatMap(around);
    const good = golden('json-accepted').flatMap(around);
    expect(await compared(bad, random)).toBe(bad.length);
    expect(await compared(good, random)).toBe(0);
  });

  it('refuses the same plain samples with a bad string in a place of each kind', async () => {
    const random = randomFrom(5);
    const strings = golden('json-refused').filter((text) => /^"[^]*"$/.test(text));
    expect(strings.length).toBeGreaterThan(15);
    const texts = strings.flatMap((bad) =>
      ['id', 'image', 'value', 'from'].map((place) => {
        const good = { id: '"1"', image: '"a.png"', value: '"What?"', from: '"human"' };
        const { id, image, value, from } = { ...good, ...Object.fromEntries([[place, bad]]) };
        return `[{"id":${id},"image":${image},"conversations":[{"from":${from},"value":${value}}]}]`;
      }),
    );
    expect(await compared(texts, random)).toBe(texts.length);
  });

  it.each([
    ['an empty file', ''],
    ['white space alone', ' \r\n\t'],
    ['a byte order mark alone', '\ufeff'],
    ['a byte order mark', '\ufeff[1]'],
    ['a mark behind white space', ' \ufeff[1]'],
    ['two marks', '\ufeff\ufeff[1]'],
    ['white space all around', '\r\n\t [ 1 , 2 ]\r\n\t '],
    ['a zero byte at the end', '[1]\0'],
    ['no-break space', '[\u00a01]'],
    ['two arrays', '[1][2]'],
    ['an array too much closed', '[1]]'],
    ['a comma at the end', '[1] ,'],
    ['an array of arrays cut short', '[[1],[2]'],
    ['a comment', '[1] // x'],
    ['1,000 nested brackets in a sample', `[{"a":${'['.repeat(1000)}${']'.repeat(1000)}}]`],
    ['1,000 nested brackets that do not match', `[{"a":${'['.repeat(1000)}${']'.repeat(999)}}}]`],
    ['a key that stands twice', '[{"a":1,"a":2}]'],
    ['half of a surrogate pair', '["\\ud800"]'],
    ['numbers beyond a double', '[1e400,-1e400,1e-400,12345678901234567890]'],
    ['the key __proto__', '[{"__proto__":{"x":1}}]'],
    ['keys that every object has', '[{"constructor":1,"toString":2,"hasOwnProperty":3}]'],
    ['a 4 MiB sample', `[{"id":"${'x'.repeat(4 * 1024 * 1024 - 12)}"}]`],
    ['a string without an end', `["${'x'.repeat(100_000)}`],
  ])('judges %s in the same way', async (_, text) => {
    await compared([text], () => 0.99);
    await compared([text.slice(0, 300)], () => 0);
  });

  it.each([
    ['a stray byte', [0x5b, 0xff, 0x5d]],
    ['a byte that is no UTF-8 in a string', [0x5b, 0x22, 0xff, 0x22, 0x5d]],
    ['an overlong form in a string', [0x5b, 0x22, 0xc0, 0xaf, 0x22, 0x5d]],
    ['a surrogate in UTF-8', [0x5b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x5d]],
    ['a code point beyond Unicode', [0x5b, 0x22, 0xf4, 0x90, 0x80, 0x80, 0x22, 0x5d]],
    ['half a character at the end', [0x5b, 0x22, 0xc3]],
    ['UTF-16', [0xff, 0xfe, 0x5b, 0x00, 0x31, 0x00, 0x5d, 0x00]],
  ])('judges %s in the same way', async (_, bytes) => {
    const expected = await oracle(Uint8Array.from(bytes));
    for (const step of [1, 2, Infinity]) expect(ours(Uint8Array.from(bytes), step)).toEqual(expected);
  });
});

/** Where the two differ on purpose. */
describe('the scanner, unlike stream-json', () => {
  it('reads JSON lines too: a file of objects is no array', async () => {
    const lines = Buffer.from('{"a":1}\n{"a":2}\n');
    expect(await oracle(lines)).toBe('refused');
    expect(ours(lines)).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('leaves out a sample beyond 4 MiB, whose bytes it has checked but not kept', async () => {
    const large = Buffer.from(`[{"id":"${'x'.repeat(4 * 1024 * 1024)}"}]`);
    expect(await oracle(large)).toHaveLength(1);
    const [scanned] = new SampleScanner('mix.json').push(large);
    expect(scanned).toMatchObject({ index: 0, bytes: undefined });
  });
});
