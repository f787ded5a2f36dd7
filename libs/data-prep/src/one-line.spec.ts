import { describe, expect, it } from 'vitest';
import { oneLine } from './one-line.js';

describe('oneLine', () => {
  it.each([
    ['{"a": 1}', '{"a": 1}'],
    ['{\n  "a": 1.0,\r\n\t"b" :\t[ ]\n}', '{"a": 1.0,"b" :\t[ ]}'],
    ['{"a":"x\\n  \\" \n y"}', '{"a":"x\\n  \\" \n y"}'],
    ['"\\\\"\n', '"\\\\"'],
    ['[1 ,\n2]', '[1 ,2]'],
  ])('%j', (given, expected) => {
    expect(Buffer.from(oneLine(Buffer.from(given))).toString()).toBe(expected);
  });
});
