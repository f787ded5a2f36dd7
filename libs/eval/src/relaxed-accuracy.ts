import { pythonFloat } from './python-number.js';
import { pythonRightStrip, pythonStrip } from './python-text.js';

/** Largest relative difference of a number that is right (ChartQA). */
const TOLERANCE = 0.05;
/** "1,234,567.8": commas between groups of three digits. */
const GROUPED = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;

/**
 * Relaxed accuracy of ChartQA, 1 or 0: numbers that differ by at most 5 % of the label are equal, other texts where they
 * are the same but for case. "12%" is 0.12 and "1,200" is 1200, as are the other numbers that Python reads; a label of
 * zero allows zero only. Outer white space and one closing full stop do not count.
 */
export function relaxedAccuracy(prediction: string, label: string): 0 | 1 {
  const [a, b] = [bare(prediction), bare(label)];
  const [got, right] = [numberOf(a), numberOf(b)];
  if (got === undefined || right === undefined) return a.toLowerCase() === b.toLowerCase() ? 1 : 0;
  if (right === 0) return got === 0 ? 1 : 0;
  return Math.abs(got - right) / Math.abs(right) <= TOLERANCE ? 1 : 0;
}

function bare(text: string): string {
  return pythonStrip(text).replace(/\.$/, '');
}

function numberOf(text: string): number | undefined {
  const isShare = text.endsWith('%');
  const digits = pythonStrip(isShare ? pythonRightStrip(text, '%') : text);
  const value = pythonFloat(GROUPED.test(digits) ? digits.replaceAll(',', '') : digits);
  return value === undefined || !isShare ? value : value / 100;
}
