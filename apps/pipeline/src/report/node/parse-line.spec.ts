import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseLine } from './parse-line.js';

describe('parseLine', () => {
  const schema = z.object({ loss: z.number() });

  it('gives the value, or says where another one stands', () => {
    expect(parseLine('f.jsonl', { line: 7, text: '{"loss":1}' }, schema)).toEqual({ loss: 1 });
    expect(() => parseLine('f.jsonl', { line: 7, text: '{"loss":"1"}' }, schema)).toThrow(
      /^f\.jsonl\[line 7\.loss\]: .*\(BAD_CONTENT\)$/,
    );
    expect(() => parseLine('f.jsonl', { line: 7, text: '{' }, schema)).toThrow(
      /^f\.jsonl, line 7: .*\(BAD_JSON\)$/,
    );
  });
});
