import { ModelPrepError } from './errors.js';
import { JsonCursor } from './json-cursor.js';
import { naturalOrder } from './natural-order.js';

/**
 * The text of config.json with `extra` merged into its `extra`; every character outside of that object is kept.
 *
 * @throws ModelPrepError BAD_CONFIG where the text, or its `extra`, is not a JSON object
 */
export function mergeExtra(text: string, extra: Readonly<Record<string, string>>, file: string): string {
  const members = memberSpans(text, file);
  const place = members.get('extra');
  const old = place ? text.slice(...place) : '{}';
  const merged = new Map([...memberSpans(old, file)].map(([name, span]) => [name, old.slice(...span)]));
  let changed = false;
  for (const name of Object.keys(extra).sort(naturalOrder)) {
    const value = JSON.stringify(extra[name]);
    changed ||= merged.get(name) !== value;
    merged.set(name, value);
  }
  if (!changed) return text;
  const gap = /^\s*\{(\s*)/.exec(text)?.[1] ?? '';
  const value = formatObject(merged, gap);
  if (place) return text.slice(0, place[0]) + value + text.slice(place[1]);
  const last = [...members.values()].at(-1);
  // Nothing to append to: an empty object is no configuration, and parsing it says so.
  if (!last) return text;
  const [, end] = last;
  return `${text.slice(0, end)},${gap === '' ? ' ' : gap}"extra": ${value}${text.slice(end)}`;
}

/** Where the value of each member of an object's text begins and ends. */
function memberSpans(text: string, file: string): Map<string, [begin: number, end: number]> {
  const spans = new Map<string, [begin: number, end: number]>();
  const cursor = new JsonCursor(text, (what, at) => {
    throw new ModelPrepError('BAD_CONFIG', `${what} at character ${at}`, { file });
  });
  cursor.members((name) => spans.set(name, cursor.skipValue()));
  return spans;
}

/** `gap` is what stands in front of the outer object's members: a line break and one indent, or less. */
function formatObject(members: ReadonlyMap<string, string>, gap: string): string {
  const entries = [...members].map(([name, source]) => `${JSON.stringify(name)}: ${source}`);
  const indent = /\n([ \t]*)$/.exec(gap)?.[1];
  if (indent === undefined) return `{${entries.join(', ')}}`;
  const inner = gap + indent;
  return `{${inner}${entries.join(`,${inner}`)}${gap}}`;
}
