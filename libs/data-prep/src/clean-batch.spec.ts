import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cleanAtSight } from './clean-at-sight.js';
import { cleanBatch, type Cleaned } from './clean-batch.js';
import type { TextOnly } from './clean-sample.js';
import type { ImageFinding } from './image-finding.js';
import type { ByteSpan } from './name-table.js';
import { Outcomes } from './outcome.js';
import { SampleScanner, type ScannedSample } from './sample-scanner.js';

const images = {
  likenessesOf: (names: readonly ByteSpan[]) =>
    names.map(({ bytes, begin, end }) =>
      /^(a|f g)\.jpg$/.test(bytes.toString('latin1', begin, end)) ? 1 : 0,
    ),
  lookAhead: () => undefined,
  lookup: (name: string): ImageFinding =>
    name.startsWith('gone')
      ? { problem: 'IMAGE_MISSING', detail: 'gone' }
      : name.startsWith('other')
        ? { found: name.replace(/\.\w+$/, '.png'), size: 9, type: 'png' }
        : { found: name, size: 9, type: 'jpeg' },
};

const settings = (textOnly: TextOnly = 'placeholder') => ({
  file: 'mix.json',
  input: 0,
  first: 0,
  images,
  textOnly,
  outcomes: new Outcomes(),
});

const scan = (text: string | Uint8Array) => {
  const scanner = new SampleScanner('mix.json');
  return [...scanner.push(Buffer.from(text)), ...scanner.end()];
};

async function clean(samples: ScannedSample[], textOnly: TextOnly = 'placeholder') {
  return (await cleanBatch(samples, settings(textOnly))).map(shown);
}

const shown = (cleaned: Cleaned) =>
  cleaned.kept ? { ...cleaned, bytes: Buffer.from(cleaned.bytes).toString('utf8') } : cleaned;

/** The samples as the parser must take them. */
const unproved = (samples: ScannedSample[]) => samples.map((sample) => ({ ...sample, plain: undefined }));

/** Numbers from 0 to below `bound`, the same in every run. */
function numbers(seed: string): (bound: number) => number {
  let count = 0;
  return (bound) => {
    count += 1;
    return createHash('sha256').update(`${seed} ${count}`).digest().readUInt32LE() % bound;
  };
}

const PIECES = [
  '<image>', '\\n', ' ', '  ', '\\t', '\\"', '\\\\', '\\\\n', '\\r\\f', '\\b', 'What?', 'a', '<', '<b>', 'image>', 'é',
  '\u00a0', '\u3000', '\ufeff', '\u2028', '😀', '\\u00e9', '\\/', '<im', '<image>\\n', '\u007f', '\\u003cimage>',
]; // prettier-ignore
const NAMES = ['a.jpg', 'other.jpg', 'gone.jpg', 'd\\/e.jpg', 'é.jpg', '', 'f g.jpg'];
const SPEAKERS = ['human', 'gpt', 'user', 'assistant', 'system', 'robot'];
const SPACES = ['', '', ' ', '\n  ', '\r\n\t'];

/** Texts of samples that are nearly always right, with every oddity in places that matter. */
function sampleText(below: (bound: number) => number): string {
  const pick = (list: readonly string[]) => list[below(list.length)] ?? '';
  const space = () => pick(SPACES);
  const value = () => Array.from({ length: below(5) }, () => pick(PIECES)).join('');
  const member = (key: string, text: string) => `${space()}"${key}"${space()}:${space()}${text}${space()}`;
  const turn = (i: number) => {
    const speaker = below(4) > 0 ? (i % 2 === 0 ? 'human' : 'gpt') : pick(SPEAKERS);
    const members = [member('from', `"${speaker}"`), member('value', `"${value()}"`)];
    if (below(40) === 0) members.push(member('note', '1.0'));
    return `{${(below(5) === 0 ? members.reverse() : members).join(',')}}`;
  };
  const turns = Array.from({ length: 1 + below(3) }, (_, i) => turn(i));
  const id = pick(['1', '0', '"x"', '-1', '1.0', '12345678901234567890', '"é"', 'null']);
  const members = [
    member('id', id),
    ...(below(4) === 0 ? [] : [member('image', `"${pick(NAMES)}"`)]),
    member('conversations', `[${space()}${turns.join(`${space()},${space()}`)}${space()}]`),
    ...(below(20) === 0 ? [member('extra', '{"a":[1.0]}')] : []),
    ...(below(30) === 0 ? [member('id', '2')] : []),
  ];
  return `{${(below(4) === 0 ? members.reverse() : members).join(',')}}`;
}

describe('cleanBatch', () => {
  it.each(['placeholder', 'keep', 'drop'] as const)(
    'makes of bytes alone what parsing would make of them, text only: %s',
    async (textOnly) => {
      const below = numbers(textOnly);
      const samples = scan(`[${Array.from({ length: 1500 }, () => sampleText(below)).join(',')}]`);
      const plain = samples.filter((sample) => sample.plain !== undefined);
      expect(plain.length).toBeGreaterThan(150);
      expect(plain.length).toBeLessThan(1350);
      expect(await clean(samples, textOnly)).toEqual(await clean(unproved(samples), textOnly));
    },
  );

  it.each(['placeholder', 'keep', 'drop'] as const)(
    'makes of samples at sight what it makes of them later, text only: %s',
    async (textOnly) => {
      const below = numbers(`sight ${textOnly}`);
      const text = `[${Array.from({ length: 1500 }, () => sampleText(below)).join(',')}]`;
      const context = settings(textOnly);
      const samples = scan(text);
      const sight = cleanAtSight(context);
      const taken = sight(samples).filter((sample) => 'kept' in sample);
      expect(taken.length).toBeGreaterThan(15);
      expect(taken.length).toBeLessThan(1350);
      expect((await cleanBatch(samples, context, sight)).map(shown)).toEqual(
        await clean(scan(text), textOnly),
      );
    },
  );

  it('cleans its own result without a change', async () => {
    const below = numbers('again');
    const samples = scan(`[${Array.from({ length: 800 }, () => sampleText(below)).join(',')}]`);
    const once = (await clean(samples)).flatMap((one) => (one.kept ? [one.bytes] : []));
    const again = await clean(scan(`[${once.join(',')}]`));
    expect(again.map((one) => one.kept && one.bytes)).toEqual(once);
    expect(again.every(({ outcome }) => outcome.changes.length === 0)).toBe(true);
  });

  it('gives the same results wherever chunks end', async () => {
    const below = numbers('chunks');
    const bytes = Buffer.from(`[${Array.from({ length: 40 }, () => sampleText(below)).join(',\n')}]`);
    const whole = await clean(scan(bytes));
    for (const size of [1, 2, 3, 7, 64, 1000]) {
      const scanner = new SampleScanner('mix.json');
      const cleaned = [];
      for (let at = 0; at < bytes.length; at += size) {
        // What was scanned may be overwritten by the next chunk.
        const chunk = new Uint8Array(bytes.subarray(at, at + size));
        cleaned.push(...(await clean(scanner.push(chunk))));
        chunk.fill(0);
      }
      expect(cleaned).toEqual(whole);
    }
  });
});
