import { describe, expect, it } from 'vitest';
import { cleanSample, cleanStream, type SampleResult } from './clean-sample.js';
import type { ImageFinding } from './image-finding.js';

const images = new Map<string, ImageFinding>([
  ['a.png', { found: 'a.png', size: 10, type: 'png' }],
  ['b.jpg', { found: 'b.png' }],
  ['../x.png', { problem: 'PATH_ESCAPE', detail: 'leaves' }],
  ['locked.png', { problem: 'IMAGE_UNREADABLE', detail: 'locked' }],
  ['empty.png', { problem: 'IMAGE_EMPTY', detail: 'empty' }],
  ['html.png', { problem: 'IMAGE_UNKNOWN', detail: 'html' }],
]);

const sample = (image: string | undefined, ...values: string[]) => ({
  id: 1,
  ...(image === undefined ? {} : { image }),
  conversations: values.map((value, i) => ({ from: i % 2 === 0 ? 'human' : 'gpt', value })),
});
const answerOnly = (image?: string) => ({ ...sample(image), conversations: [{ from: 'gpt', value: 'Hi' }] });

const outcome = (result: SampleResult) => (result.kept ? result.changes : result.code);

describe('cleanSample', () => {
  it.each([
    ['BAD_SHAPE', { id: 1 }, sample('a.png', '<image>\nQ')],
    ['PATH_ESCAPE', sample('../x.png', '<image>\nQ'), sample('a.png', '<image>\nQ')],
    ['IMAGE_MISSING', sample('z.png', '<image>\nQ'), sample('a.png', '<image>\nQ')],
    ['IMAGE_UNREADABLE', sample('locked.png', '<image>\nQ'), sample('a.png', '<image>\nQ')],
    ['IMAGE_EMPTY', sample('empty.png', '<image>\nQ'), sample('a.png', '<image>\nQ')],
    ['IMAGE_UNKNOWN', sample('html.png', '<image>\nQ'), sample('a.png', '<image>\nQ')],
    ['NO_HUMAN_TURN', answerOnly('a.png'), sample('a.png', '<image>\nQ')],
    ['NO_HUMAN_TURN', answerOnly(), sample(undefined, '<image>\nQ')],
  ])('drops with %s, and keeps the neighbour as it is', (code, bad, good) => {
    expect(outcome(cleanSample(bad, images))).toBe(code);
    const kept = cleanSample(good, images);
    expect(outcome(kept)).toEqual([]);
    expect(kept.kept && kept.sample).toBe(good);
  });

  it.each([
    [['EXTENSION_FIXED'], sample('b.jpg', '<image>\nQ'), sample('b.png', '<image>\nQ')],
    [['TAG_ADDED'], sample('a.png', 'Q'), sample('a.png', '<image>\nQ')],
    [['TAG_MOVED'], sample('a.png', 'Q <image>'), sample('a.png', '<image>\nQ')],
    [['TAGS_MERGED'], sample('a.png', '<image>Q <image>'), sample('a.png', '<image>\nQ')],
    [['PLACEHOLDER_ADDED'], sample(undefined, 'Q '), sample(undefined, '<image>\nQ ')],
    [['EXTENSION_FIXED', 'TAG_ADDED'], sample('b.jpg', 'Q'), sample('b.png', '<image>\nQ')],
  ])('%j', (changes, given, expected) => {
    const before = structuredClone(given);
    expect(cleanSample(given, images)).toMatchObject({ kept: true, changes, sample: expected });
    expect(given).toEqual(before);
  });

  it('looks at shape before image before turns', () => {
    expect(outcome(cleanSample({ ...answerOnly('../x.png'), id: null }, images))).toBe('BAD_SHAPE');
    expect(outcome(cleanSample(answerOnly('../x.png'), images))).toBe('PATH_ESCAPE');
  });

  it.each([
    ['placeholder', sample(undefined, 'Q'), ['PLACEHOLDER_ADDED']],
    ['keep', sample(undefined, 'Q <image>'), []],
    ['keep', answerOnly(), 'NO_HUMAN_TURN'],
    ['drop', sample(undefined, 'Q'), 'TEXT_ONLY'],
    ['drop', sample('a.png', 'Q'), ['TAG_ADDED']],
  ] as const)('text only, %s', (textOnly, given, expected) => {
    expect(outcome(cleanSample(given, images, { textOnly }))).toEqual(expected);
  });

  it('cleans its own result without a change', () => {
    const once = cleanSample(sample('b.jpg', 'Q <image>'), images);
    const again = cleanSample(once.kept && once.sample, new Map([['b.png', { found: 'b.png' }]]));
    expect(outcome(again)).toEqual([]);
  });
});

describe('cleanStream', () => {
  it('resolves each image once and keeps the order', async () => {
    const asked: string[] = [];
    const known = new Map<string, ImageFinding>();
    const index = {
      get: (name: string) => known.get(name),
      resolve: (name: string) => {
        asked.push(name);
        const finding = images.get(name) ?? { problem: 'IMAGE_MISSING', detail: '' };
        known.set(name, finding);
        return Promise.resolve(finding);
      },
    };
    const given = [
      sample('a.png', 'Q'),
      sample('b.jpg', '<image>\nQ'),
      5,
      sample('a.png', '<image>\nQ'),
      sample(undefined, 'Q'),
    ];
    const results: unknown[] = [];
    for await (const result of cleanStream(given, index, { textOnly: 'drop' })) results.push(outcome(result));
    expect(results).toEqual([['TAG_ADDED'], ['EXTENSION_FIXED'], 'BAD_SHAPE', [], 'TEXT_ONLY']);
    expect(asked).toEqual(['a.png', 'b.jpg']);
  });
});
