import { expect, it } from 'vitest';
import { codePointOrder } from './code-point-order.js';

const ordered = [
  '',
  '\0',
  '10',
  '2',
  'A',
  'a',
  'a10',
  'a2',
  'é',
  '中',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{1f600}',
  '\u{1f600}a',
];

it('orders as the bytes of UTF-8 do', () => {
  for (const a of ordered) {
    for (const b of ordered) {
      expect(Math.sign(codePointOrder(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }
  }
});
