import { pythonStrip } from './python-text.js';

const DIGITS = '[0-9]+(?:_[0-9]+)*';
const DECIMAL = new RegExp(
  `^[+-]?(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`,
  'i',
);
const SPECIAL = /^([+-]?)(?:(inf|infinity)|nan)$/i;

/**
 * `float(text)` of Python, undefined where that raises: unlike `Number`, it takes no empty text and no "0x10", but
 * "1_000", "inf", "nan" and the digits of every script.
 */
export function pythonFloat(text: string): number | undefined {
  const bare = pythonStrip(text).replace(/\p{Nd}/gu, asciiDigit);
  const [special, sign, infinite] = SPECIAL.exec(bare) ?? [];
  if (special !== undefined) return infinite === undefined ? NaN : sign === '-' ? -Infinity : Infinity;
  return DECIMAL.test(bare) ? Number(bare.replaceAll('_', '')) : undefined;
}

/** Decimal digits stand in runs of ten, from zero on: the value is the distance from the run's beginning. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  if (code < 0x80) return digit;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((code - first) % 10);
}
