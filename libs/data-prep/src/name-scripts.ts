/** Scripts of Unicode that are told apart; letters of any other count as `other letters`. */
const SCRIPTS = [
  'Latin',
  'Greek',
  'Cyrillic',
  'Armenian',
  'Georgian',
  'Hebrew',
  'Arabic',
  'Devanagari',
  'Bengali',
  'Tamil',
  'Telugu',
  'Thai',
  'Ethiopic',
  'Hangul',
  'Hiragana',
  'Katakana',
  'Han',
] as const;
const PATTERNS = SCRIPTS.map((script) => [script, new RegExp(`\\p{Script=${script}}`, 'u')] as const);
const OTHER = new RegExp(`[\\p{L}--[${SCRIPTS.map((script) => `\\p{Script=${script}}`).join('')}]]`, 'v');

/**
 * The scripts that a picture's name is written in, its folders included and its extension left out: `Latin`,
 * `Han`, ..., `other letters`, or `no letters`. Several where it mixes them.
 */
export function scriptsOf(name: string): string[] {
  const stem = name.replace(/\.\w{1,5}$/, '');
  if (/^[\x20-\x7e]*$/.test(stem)) return [/[a-z]/i.test(stem) ? 'Latin' : 'no letters'];
  const found: string[] = PATTERNS.filter(([, pattern]) => pattern.test(stem)).map(([script]) => script);
  if (OTHER.test(stem)) found.push('other letters');
  return found.length === 0 ? ['no letters'] : found;
}
