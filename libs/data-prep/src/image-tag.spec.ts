import { describe, expect, it } from 'vitest';
import { placePlaceholder, placeTag } from './image-tag.js';
import type { Conversation } from './sample.js';

/** A conversation in short: the speakers take turns, a human first, unless a speaker is given (`gpt: ...`). */
function turns(...values: string[]): Conversation[] {
  return values.map((text, i) => {
    const [, from, value] = /^(human|gpt|system|user|assistant): ([^]*)$/.exec(text) ?? [];
    if (from !== undefined && value !== undefined) return { from: from as Conversation['from'], value };
    return { from: i % 2 === 0 ? 'human' : 'gpt', value: text };
  });
}

const values = (tagged: { conversations: Conversation[] } | undefined) =>
  tagged?.conversations.map(({ value }) => value);

describe('placeTag', () => {
  it.each([
    ['no tag', ['What?', 'This.'], 'TAG_ADDED', ['<image>\nWhat?', 'This.']],
    ['no tag, white space', [' \n What? \t', ' This. '], 'TAG_ADDED', ['<image>\nWhat?', ' This. ']],
    [
      'at the end',
      ['What is in the image\n<image>', 'A.'],
      'TAG_MOVED',
      ['<image>\nWhat is in the image', 'A.'],
    ],
    ['in the middle', ['What <image> is', 'A.'], 'TAG_MOVED', ['<image>\nWhat  is', 'A.']],
    ['at the front without a line feed', ['<image>What?', 'A.'], 'TAG_MOVED', ['<image>\nWhat?', 'A.']],
    ['at the front with a space', ['<image> What?', 'A.'], 'TAG_MOVED', ['<image>\nWhat?', 'A.']],
    ['with CRLF', ['<image>\r\nWhat?\r\n', 'A.'], 'TAG_MOVED', ['<image>\nWhat?', 'A.']],
    ['white space at the end', ['<image>\nWhat? ', 'A.'], 'TAG_MOVED', ['<image>\nWhat?', 'A.']],
    ['white space in front', [' <image>\nWhat?', 'A.'], 'TAG_MOVED', ['<image>\nWhat?', 'A.']],
    ['alone', ['<image>', 'A.'], 'TAG_MOVED', ['<image>\n', 'A.']],
    ['twice in a turn', ['<image>\n<image>\nWhat?', 'A.'], 'TAGS_MERGED', ['<image>\nWhat?', 'A.']],
    ['at both ends', ['<image>\nWhat?\n<image>', 'A.'], 'TAGS_MERGED', ['<image>\nWhat?', 'A.']],
    [
      'in an answer too',
      ['<image>\nWhat?', 'In <image> a cat'],
      'TAGS_MERGED',
      ['<image>\nWhat?', 'In  a cat'],
    ],
    [
      'in a later turn',
      ['What?', 'A.', '<image>\nAnd?', 'B.'],
      'TAG_MOVED',
      ['<image>\nWhat?', 'A.', 'And?', 'B.'],
    ],
    [
      'in every turn',
      ['<image>\nA', 'B<image>', '<image>C', ' D '],
      'TAGS_MERGED',
      ['<image>\nA', 'B', 'C', ' D '],
    ],
    [
      'in the system turn',
      ['system: <image>\nBe kind.', 'human: Hi'],
      'TAG_MOVED',
      ['Be kind.', '<image>\nHi'],
    ],
    ['a user', ['user: Hi', 'assistant: Hello'], 'TAG_ADDED', ['<image>\nHi', 'Hello']],
    ['an answer first', ['gpt: Hello', 'human: Hi'], 'TAG_ADDED', ['Hello', '<image>\nHi']],
    ['tags within tags', ['<im<image>age>Hi', 'A.'], 'TAG_MOVED', ['<image>\nHi', 'A.']],
  ])('%s', (_, given, rule, expected) => {
    const tagged = placeTag(turns(...given));
    expect(tagged?.rule).toBe(rule);
    expect(values(tagged)).toEqual(expected);
    const again = placeTag(tagged?.conversations ?? []);
    expect(again?.rule).toBeUndefined();
  });

  it.each([
    ['at the front', ['<image>\nWhat?', 'A.']],
    ['alone', ['<image>\n', 'A.']],
    ['behind a system turn', ['system: Be kind.', 'human: <image>\nHi']],
    ['other turns with white space', ['<image>\nWhat?', ' A. ', ' B ']],
    ['something like a tag', ['<image>\n<Image> <image/> < image>', '<img>']],
  ])('leaves a right conversation alone: %s', (_, given) => {
    const conversations = turns(...given);
    expect(placeTag(conversations)).toEqual({ conversations });
    expect(placeTag(conversations)?.conversations).toBe(conversations);
  });

  it('keeps other keys, and does not modify what it is given', () => {
    const conversations: Conversation[] = [{ from: 'human', value: 'Hi', weight: 1 }];
    expect(placeTag(conversations)?.conversations).toEqual([
      { from: 'human', value: '<image>\nHi', weight: 1 },
    ]);
    expect(conversations[0]?.value).toBe('Hi');
  });

  it('has nothing to say where nobody asks', () => {
    expect(placeTag(turns('gpt: Hello', 'system: Be kind.'))).toBeUndefined();
  });

  it('removes 100,000 tags within tags in one pass', () => {
    const depth = 100_000;
    const [first] = values(placeTag(turns(`${'<im'.repeat(depth)}<image>${'age>'.repeat(depth)}Hi`))) ?? [];
    expect(first).toBe('<image>\nHi');
  });
});

describe('placePlaceholder', () => {
  it.each([
    ['in front', ['What?', 'A.'], 'PLACEHOLDER_ADDED', ['<image>\nWhat?', 'A.']],
    ['and nothing else', [' What? \n', ' A.'], 'PLACEHOLDER_ADDED', ['<image>\n What? \n', ' A.']],
    ['before the first question', ['system: S', 'user: Hi'], 'PLACEHOLDER_ADDED', ['S', '<image>\nHi']],
    ['also where a text speaks of one', ['Hi <image>'], 'PLACEHOLDER_ADDED', ['<image>\nHi <image>']],
    ['not where it stands', ['<image>\nHi', '<image>A'], undefined, ['<image>\nHi', '<image>A']],
  ])('%s', (_, given, rule, expected) => {
    const tagged = placePlaceholder(turns(...given));
    expect([tagged?.rule, values(tagged)]).toEqual([rule, expected]);
  });

  it('leaves its own result alone', () => {
    expect(placePlaceholder(turns('<image>\nHi', 'A.'))?.rule).toBeUndefined();
  });

  it('has nothing to say where nobody asks', () => {
    expect(placePlaceholder(turns('gpt: Hello'))).toBeUndefined();
  });
});
