/** A setting that two configurations give different values; undefined where one lacks it. */
export interface SettingDifference {
  path: string;
  a: unknown;
  b: unknown;
}

/** What differs, by path, in order. Models are told apart by their names, other lists by position. */
export function configDifferences(a: unknown, b: unknown): SettingDifference[] {
  const [first, second] = [new Map(leavesOf(a, '')), new Map(leavesOf(b, ''))];
  return [...new Set([...first.keys(), ...second.keys()])]
    .filter((path) => JSON.stringify(first.get(path)) !== JSON.stringify(second.get(path)))
    .sort()
    .map((path) => ({ path, a: first.get(path), b: second.get(path) }));
}

function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  const entries = Array.isArray(value) ? value.map(named) : Object.entries(value);
  if (entries.length === 0) return [[path, value]];
  return entries.flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}

function named(item: unknown, index: number): [string, unknown] {
  const hasName =
    typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string';
  return [hasName ? String(item.name) : String(index), item];
}
