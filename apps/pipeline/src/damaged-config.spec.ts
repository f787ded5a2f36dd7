import { readFileSync } from 'node:fs';
import { FlexattnError, withValue } from '@flexattn/stage';
import { describe, expect, it } from 'vitest';
import { readConfig } from './read-config.js';

/** What stands where something else was expected. */
const ODD: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e300, '', ' ', '-1', '\u0000', '../../etc/passwd', 'x'.repeat(5000)],
  ...[[], {}, [null], [[]], { a: 1 }, ['a', 'a']],
];

const file = new URL('../../../configs/tiny.json', import.meta.url).pathname;
const good = JSON.parse(readFileSync(file, 'utf8')) as object;

/** The path of every member of every object and array. */
function pathsIn(value: unknown, above: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [...above, key],
    ...pathsIn(inner, [...above, key]),
  ]);
}

/** `read`, or the code of the refusal; any other error is thrown. */
async function outcome(path: readonly string[], odd: unknown): Promise<string> {
  try {
    await readConfig(file, [], () => Promise.resolve(JSON.stringify(withValue(good, path, odd))));
    return 'read';
  } catch (error) {
    if (!(error instanceof FlexattnError)) throw error;
    expect(error.message).toContain(path[0]);
    return String(error.code);
  }
}

describe('a configuration with one value replaced', () => {
  it('is read, or refused by an error that names the place', async () => {
    const outcomes = new Map<string, number>();
    for (const path of pathsIn(good).filter(([key]) => key !== 'extends')) {
      for (const odd of ODD) {
        const code = await outcome(path, odd);
        outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
      }
    }
    expect([...outcomes.keys()].sort()).toEqual(['BAD_CONTENT', 'read']);
    expect(outcomes.get('BAD_CONTENT')).toBeGreaterThan(500);
    expect(outcomes.get('read')).toBeGreaterThan(50);
  });
});
