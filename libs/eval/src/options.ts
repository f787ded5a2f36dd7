import { MAX_LETTERS } from './choices.js';
import { EvalError } from './errors.js';
import { shuffled } from './shuffle.js';

const HINT = 'compare with the published file';

/**
 * The first of the options, which is the right one. Fewer than two: `NO_OPTIONS`; one without text: `EMPTY_OPTION`; two
 * that are the same but for outer white space: `EQUAL_OPTIONS`.
 */
export function rightOption(options: readonly string[], item: string): string {
  const [right] = options;
  if (right === undefined || options.length < 2) {
    const what = `expected at least 2 options, got ${options.length}`;
    throw new EvalError('NO_OPTIONS', what, { item, hint: HINT });
  }
  const bare = options.map((option) => option.trim());
  if (bare.includes('')) throw new EvalError('EMPTY_OPTION', 'an option has no text', { item, hint: HINT });
  if (new Set(bare).size < bare.length) {
    throw new EvalError('EQUAL_OPTIONS', 'two options are equal, so nothing can tell them apart', {
      item,
      hint: HINT,
    });
  }
  return right;
}

/** Options in the order in which they get letters; null leaves the one they have. More than letters: `ITEM_INVALID`. */
export function letterOptions(
  options: readonly string[],
  shuffleSeed: number | null,
  item: string,
): readonly string[] {
  if (options.length > MAX_LETTERS) {
    const what = `expected at most ${MAX_LETTERS} options, one for each letter, got ${options.length}`;
    throw new EvalError('ITEM_INVALID', what, { item, hint: 'choose another protocol' });
  }
  return shuffleSeed === null ? options : shuffled(options, shuffleSeed, item);
}
