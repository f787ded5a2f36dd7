import { fileURLToPath } from 'node:url';

/** How a task starts this command again: this Node.js and this program. */
export const FLEXATTN_WORDS: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../../bin/flexattn.js', import.meta.url)),
];

/** An option with its value, or nothing where it has none. */
export function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, String(value)];
}
