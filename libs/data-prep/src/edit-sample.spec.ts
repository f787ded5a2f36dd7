import { describe, expect, it } from 'vitest';
import { editSample, idText } from './edit-sample.js';
import type { Sample } from './sample.js';

/** `text` with the image or the first turn's value replaced, as the rules would. */
function edited(text: string, change: { image?: string; value?: string }): string {
  const sample = JSON.parse(text) as Sample;
  const [first, ...rest] = sample.conversations;
  const conversations =
    first === undefined ? [] : [{ ...first, value: change.value ?? first.value }, ...rest];
  return editSample(text, {
    ...sample,
    ...(change.image === undefined ? {} : { image: change.image }),
    conversations,
  });
}

describe('editSample', () => {
  it.each([
    [
      'nothing',
      '{"id":1,"image":"a","conversations":[{"from":"human","value":"b"}]}',
      {},
      '{"id":1,"image":"a","conversations":[{"from":"human","value":"b"}]}',
    ],
    [
      'the image',
      '{"id":1,"image":"a.jpg","conversations":[]}',
      { image: 'a.png' },
      '{"id":1,"image":"a.png","conversations":[]}',
    ],
    [
      'a value, and not the numbers',
      '{"n":1.0,"big":12345678901234567890,"e":1E+2,"id":-0,"conversations":[{"value":"a","from":"human","w":1.50}]}',
      { value: 'b' },
      '{"n":1.0,"big":12345678901234567890,"e":1E+2,"id":-0,"conversations":[{"value":"b","from":"human","w":1.50}]}',
    ],
    [
      'a value, and not the white space or the order of keys',
      '{\r\n  "conversations" : [ {\t"value" : "a" , "from":"human" } , {"from":"gpt","value":"c"} ] ,\n  "id" : "x"\n}',
      { value: 'b' },
      '{\r\n  "conversations" : [ {\t"value" : "b" , "from":"human" } , {"from":"gpt","value":"c"} ] ,\n  "id" : "x"\n}',
    ],
    [
      'a value, and not the escapes of others',
      '{"t":"\\u00e9\\/","conversations":[{"value":"\\"a\\\\","from":"human"},{"value":"\\u00e9é","from":"gpt"}]}',
      { value: '<image>\n"é"' },
      '{"t":"\\u00e9\\/","conversations":[{"value":"<image>\\n\\"é\\"","from":"human"},{"value":"\\u00e9é","from":"gpt"}]}',
    ],
    [
      'keys that are written with escapes',
      '{"\\u0069mage":"a.jpg","c\\u006fnversations":[{"valu\\u0065":"a"}]}',
      { image: 'a.png', value: 'b' },
      '{"\\u0069mage":"a.png","c\\u006fnversations":[{"valu\\u0065":"b"}]}',
    ],
    [
      'the same names elsewhere',
      '{"meta":{"image":"a.jpg","conversations":[{"value":"a"}]},"image":"a.jpg","conversations":[{"x":{"value":"a"},"value":"a"}]}',
      { image: 'a.png', value: 'b' },
      '{"meta":{"image":"a.jpg","conversations":[{"value":"a"}]},"image":"a.png","conversations":[{"x":{"value":"a"},"value":"b"}]}',
    ],
  ])('changes %s', (_, text, change, expected) => {
    expect(edited(text, change)).toBe(expected);
  });
});

describe('idText', () => {
  it.each([
    ['{"id":"a\\u00e9"}', '"a\\u00e9"'],
    ['{"x":[{"id":1}],"id":12345678901234567890}', '12345678901234567890'],
    ['{ "id" : -1.0 }', '-1.0'],
    ['{"id":null}', undefined],
    ['{"id":{"id":1}}', undefined],
    ['{"x":1}', undefined],
    ['{}', undefined],
    ['[1]', undefined],
    ['"id"', undefined],
  ])('of %s is %s', (text, expected) => {
    expect(idText(text)).toBe(expected);
  });
});
