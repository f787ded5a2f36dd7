import type { Comparison } from './compare.js';
import type { Flip, RunComparison } from './compare-runs.js';
import { columns, pValue, signed } from './text-columns.js';

/** Flipped items that are listed; JSON has them all. */
const SHOWN_FLIPS = 20;
/** Characters of an answer that are shown. */
const SHOWN_ANSWER = 40;

/** A comparison as text for a terminal: differences, regressions, flipped items, remarks. */
export function formatRunComparison({
  a,
  b,
  comparisons,
  regressions,
  flips,
  failed,
  notes,
}: RunComparison): string {
  const parts = [
    `${b} minus ${a}, on the same items\n`,
    columns(
      ['benchmark', 'metric', 'n', 'difference', '95 % interval', 'p', 'better', 'worse'],
      comparisons.map(comparisonCells),
      2,
    ),
    regressions.length === 0
      ? 'no benchmark or category fell\n'
      : columns(['fell', 'metric', 'difference', 'p'], regressions.map(regressionCells), 2),
    flipText(flips),
    ...(failed.length === 0
      ? []
      : [`${failed.length} items have no score in one of them, "${failed[0]?.id ?? ''}" first\n`]),
    ...(notes.length === 0 ? [] : [notes.map((note) => `note: ${note}\n`).join('')]),
  ];
  return parts.join('\n');
}

function comparisonCells(one: Comparison): string[] {
  const { task, metric, n, difference, interval95, p, aHigher, bHigher } = one;
  const [low, high] = interval95;
  const interval = `${signed(low)} to ${signed(high)}`;
  return [task, metric, String(n), signed(difference), interval, pValue(p), String(bHigher), String(aHigher)];
}

function regressionCells({ task, metric, difference, p }: Comparison): string[] {
  return [task, metric, signed(difference), pValue(p)];
}

function flipText(flips: readonly Flip[]): string {
  const gained = flips.filter(({ from, to }) => to > from).length;
  const counts = `${flips.length} items flipped: ${gained} became right, ${flips.length - gained} became wrong\n`;
  if (flips.length === 0) return counts;
  const rows = flips
    .slice(0, SHOWN_FLIPS)
    .map(({ id, from, to, a, b }) => [id, to > from ? 'right' : 'wrong', shown(a), shown(b)]);
  const more =
    flips.length > SHOWN_FLIPS ? `... and ${flips.length - SHOWN_FLIPS} more: --json lists them\n` : '';
  return `${counts}${columns(['item', 'became', 'first', 'second'], rows, 4)}${more}`;
}

/** The beginning of an answer on one line; characters that would move the cursor or turn the text are escapes. */
function shown(answer: string | null): string {
  if (answer === null) return '-';
  return JSON.stringify(answer.slice(0, SHOWN_ANSWER)).replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
