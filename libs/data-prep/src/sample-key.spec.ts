import { describe, expect, it } from 'vitest';
import { sampleKey, type Dedupe } from './sample-key.js';

const key = (text: string, by: Dedupe) => Buffer.from(sampleKey(Buffer.from(text), by)).toString('hex');
const sample = (id: string, value = 'Hi', image = '"image":"a.png",') =>
  `{"id":${id},${image}"conversations":[{"from":"human","value":"${value}"}]}`;

describe('sampleKey', () => {
  it.each([
    ['id', sample('1'), sample('1', 'Ho')],
    ['id', sample('"a"'), sample('"\\u0061"')],
    ['content', sample('1'), sample('2')],
    ['content', sample('1', 'é'), sample('1', '\\u00e9')],
    ['content', sample('1'), sample('1').replace('"from"', '"weight":1.0, "from"')],
  ] as const)('by %s, the same: %s, %s', (by, a, b) => {
    expect(key(a, by)).toBe(key(b, by));
  });

  it.each([
    ['id', sample('1'), sample('"1"')],
    ['id', sample('12345678901234567890'), sample('12345678901234567891')],
    ['content', sample('1'), sample('1', 'Ho')],
    ['content', sample('1'), sample('1').replace('a.png', 'b.png')],
    ['content', sample('1'), sample('1', 'Hi', '')],
    ['content', sample('1'), sample('1').replace('human', 'gpt')],
  ] as const)('by %s, another: %s, %s', (by, a, b) => {
    expect(key(a, by)).not.toBe(key(b, by));
  });
});
