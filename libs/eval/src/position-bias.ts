import { lettersOf } from './choices.js';
import type { ScoredItem } from './scored-item.js';

/** For each letter of lettered options: how often it was right, and how often the model chose it. */
export type LetterCounts = Record<string, { right: number; chosen: number }>;

const LETTER = /^[A-Z]$/;

/** Letters of the items that were answered with one; null where no answer was a letter. Losses show no letters. */
export function letterCounts(scored: readonly ScoredItem[]): LetterCounts | null {
  const counts: LetterCounts = {};
  const add = (letter: string, part: 'right' | 'chosen') => {
    counts[letter] ??= { right: 0, chosen: 0 };
    counts[letter][part] += 1;
  };
  for (const { item, text, extraction } of scored) {
    if (text === null) continue;
    const letterOf = (value: string | null | undefined) =>
      item.options.length > 0
        ? lettersOf(item.options)[item.options.indexOf(value ?? '')]
        : LETTER.exec(value ?? '')?.[0];
    const right = letterOf(item.targets[0]);
    const chosen = letterOf(extraction?.value);
    if (right === undefined || item.targets.length !== 1) continue;
    add(right, 'right');
    if (chosen !== undefined) add(chosen, 'chosen');
  }
  const used = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return used.some(([, { chosen }]) => chosen > 0) ? Object.fromEntries(used) : null;
}

/**
 * How far the letters that a model chooses are from those that are right: the share of choices that would have to move to
 * other letters, 0 (as often as they are right) to 1 (total variation distance). A few per cent are chance.
 */
export function positionBias(counts: LetterCounts): number {
  const letters = Object.values(counts);
  const total = (part: 'right' | 'chosen') => letters.reduce((sum, one) => sum + one[part], 0);
  const [right, chosen] = [total('right'), total('chosen')];
  return letters.reduce((sum, one) => sum + Math.abs(one.chosen / chosen - one.right / right), 0) / 2;
}
