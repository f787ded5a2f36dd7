import { describe, expect, it } from 'vitest';
import { PlainSample } from './plain-sample.js';

const good = '{"id":"1","image":"a/b.jpg","conversations":[{"from":"human","value":"<image>\\nWhat?"}]}';

function match(text: string, begin = 0): number {
  const plain = new PlainSample();
  plain.enter(Buffer.from(text, 'latin1'));
  return plain.match(begin);
}

describe('PlainSample', () => {
  it.each([
    ['the usual sample', good],
    ['white space', good.replaceAll(/([{}[\]:,])/g, ' \r\n\t$1 \r\n\t').trim()],
    ['a number as id', good.replace('"1"', '120')],
    ['no image', good.replace('"image":"a/b.jpg",', '')],
    ['keys in another order', '{"conversations":[{"from":"gpt","value":"Hi"}],"id":0}'],
    ['the usual escapes', good.replace('What?', '\\"\\\\\\b\\f\\n\\r\\t')],
    ['bytes beyond ASCII in a text', good.replace('What?', '\xc3\xa9')],
  ])('recognises %s', (_, text) => {
    expect(match(text)).toBe(text.length);
    expect(match(`[${text},`, 1)).toBe(text.length + 1);
  });

  it.each([
    ['a control character in a text', good.replace('What?', 'a\x1fb')],
    ['a line feed in a text', good.replace('What?', 'a\nb')],
    ['a NUL in an id', good.replace('"1"', '"\0"')],
    ['an escape that is none', good.replace('What?', '\\x')],
    ['an escape by number', good.replace('What?', '\\u0041')],
    ['an escape in the image name', good.replace('a/b', 'a\\/b')],
    ['an empty image name', good.replace('a/b.jpg', '')],
    ['a leading zero', good.replace('"1"', '01')],
    ['a fraction', good.replace('"1"', '1.5')],
    ['a minus alone', good.replace('"1"', '-')],
    ['another key', good.replace('"id"', '"ix"')],
    ['a key that stands twice', good.replace('{"id":"1",', '{"id":"1","id":"1",')],
    ['two images', good.replace('"image"', '"image":"x","image"')],
    ['two conversations', good.replace(']}', '],"conversations":[{"from":"gpt","value":""}]}')],
    ['a text before its speaker', '{"id":1,"conversations":[{"value":"Hi","from":"human"}]}'],
    ['a third key in a turn', good.replace('"from"', '"x":1,"from"')],
    ['a turn without a text', '{"id":1,"conversations":[{"from":"human"}]}'],
    ['a turn without a speaker', '{"id":1,"conversations":[{"value":"human"}]}'],
    ['a turn with two texts', '{"id":1,"conversations":[{"value":"a","value":"b"}]}'],
    ['another speaker', good.replace('human', 'robot')],
    ['a speaker that begins like one', good.replace('human', 'humans')],
    ['no id', good.replace('"id":"1",', '')],
    ['no conversations', '{"id":"1"}'],
    ['an empty conversation', '{"id":"1","conversations":[]}'],
    ['an empty object', '{}'],
    ['a comma too many', good.replace(']}', '],}')],
    ['a comma too few', good.replace(',"image"', '"image"')],
    ['a comma too many between turns', good.replace('}]', '},]')],
    ['a colon too few', good.replace('"id":', '"id"')],
    ['a number as text', good.replace('"<image>\\nWhat?"', '1')],
  ])('leaves %s to the parser', (_, text) => {
    expect(match(text)).toBe(0);
  });

  it('leaves a sample that is not all there to the parser', () => {
    for (let length = 0; length < good.length; length += 1) expect(match(good.slice(0, length))).toBe(0);
  });

  it('tells where the parts stand', () => {
    const plain = new PlainSample();
    plain.enter(Buffer.from(`[${good.replace('}]', '},{"from":"gpt","value":"<b> <image>"}]')}`));
    expect(plain.match(1)).toBeGreaterThan(0);
    const { imageBegin, imageEnd, promptBegin, promptEnd, ...facts } = plain.facts(1);
    expect(good.slice(imageBegin, imageEnd)).toBe('a/b.jpg');
    expect(good.slice(promptBegin, promptEnd)).toBe('<image>\\nWhat?');
    expect(facts).toMatchObject({ keys: 7, tags: 2, lessThans: 3 });
  });
});
