import { DataPrepError } from './errors.js';
import { quote } from './quote.js';

/** Whether a value is a right one for a setting, and what is expected of it. */
export type Check = readonly [isRight: (value: unknown) => boolean, expected: string];

/** A check for each setting. */
export type Checks<Settings> = Readonly<Record<keyof Settings & string, Check>>;

export const PATH: Check = [(value) => typeof value === 'string' && value !== '', 'a path'];
export const FLAG: Check = [(value) => typeof value === 'boolean', 'true or false'];
export const SIGNAL: Check = [(value) => value instanceof AbortSignal, 'an AbortSignal'];

export function oneOf(...words: readonly string[]): Check {
  return [(value) => words.some((word) => word === value), `one of ${words.join(', ')}`];
}

export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): Check {
  const isRight = (value: unknown) =>
    Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
  return [isRight, `a whole number from ${least} to ${most}`];
}

/**
 * Throws `BAD_OPTION` for a setting that is unknown, wrong or, being `required`, not there. Plain checks: a schema library
 * would take as long to load as cleaning 8,000 samples does.
 */
export function checkSettings<Settings extends object>(
  settings: Settings,
  checks: Checks<Settings>,
  required: readonly (keyof Settings & string)[],
): void {
  const byName = new Map<string, Check>(Object.entries(checks));
  for (const [name, value] of Object.entries(settings)) {
    const check = byName.get(name);
    if (check === undefined) throw badOption('there is no such setting', name);
    if (value === undefined || check[0](value)) continue;
    const got = ['bigint', 'function', 'symbol'].includes(typeof value) ? `a ${typeof value}` : quote(value);
    throw badOption(`expected ${check[1]}, got ${got}`, name);
  }
  for (const name of required) {
    if (settings[name] === undefined) throw badOption(`expected ${checks[name][1]}, got nothing`, name);
  }
}

/** The error for the setting `item`. */
export function badOption(what: string, item: string): DataPrepError {
  return new DataPrepError('BAD_OPTION', what, { item });
}
