import type { Drop } from './codes.js';
import { elements, members } from './json-spans.js';
import { pathOf, quote } from './quote.js';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** What the bytes of a sample say about its keys; see `ValueFacts`. */
interface KeyFacts {
  keys: number;
  unicodeEscapes: boolean;
}

/**
 * What is wrong with the keys and strings of a sample, which `JSON.parse` hides or lets through: a key that stands
 * twice, `__proto__`, half a surrogate pair. `value` is what `text` parses to.
 */
export function keyProblem(text: string, value: unknown, facts: KeyFacts): Drop | undefined {
  const seen = { keys: 0, proto: false };
  countKeys(value, seen);
  if (seen.keys !== facts.keys) {
    const path = firstPath(text, (place) => place.repeated);
    return { code: 'DUPLICATE_KEY', detail: `${path}: this key stands twice in its object` };
  }
  if (seen.proto) {
    const path = firstPath(text, (place) => place.key === '__proto__');
    return { code: 'PROTO_KEY', detail: `${path}: this key is not allowed` };
  }
  if (facts.unicodeEscapes && hasLoneSurrogate(value)) {
    const path = firstPath(text, ({ key, source }) => LONE_SURROGATE.test(key) || isLone(source));
    return { code: 'LONE_SURROGATE', detail: `${path}: half of a surrogate pair, which is not a character` };
  }
  return undefined;
}

/** `JSON.parse` keeps one of two equal keys: then it knows fewer keys than the text has colons. */
function countKeys(value: unknown, seen: { keys: number; proto: boolean }): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) countKeys(item, seen);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    seen.keys += 1;
    if (key === '__proto__') seen.proto = true;
    countKeys(member, seen);
  }
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return LONE_SURROGATE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, member]) => LONE_SURROGATE.test(key) || hasLoneSurrogate(member));
}

function isLone(source: string): boolean {
  return source.startsWith('"') && LONE_SURROGATE.test(JSON.parse(source) as string);
}

interface Place {
  key: string;
  repeated: boolean;
  source: string;
}

/** Path of the first place in `text` that is `wrong`, in the order of the text. */
function firstPath(text: string, wrong: (place: Place) => boolean): string {
  const within = (path: string, begin: number, end: number): string | undefined => {
    if (text[begin] === '{') {
      const seen = new Set<string>();
      for (const { key, begin: at, end: to } of members(text, begin)) {
        const inner = pathOf(path, key);
        if (wrong({ key, repeated: seen.has(key), source: text.slice(at, to) })) return inner;
        seen.add(key);
        const found = within(inner, at, to);
        if (found !== undefined) return found;
      }
    } else if (text[begin] === '[') {
      let i = 0;
      for (const { begin: at, end: to } of elements(text, begin)) {
        const found = within(pathOf(path, i), at, to);
        if (found !== undefined) return found;
        i += 1;
      }
    } else if (wrong({ key: '', repeated: false, source: text.slice(begin, end) })) return path;
    return undefined;
  };
  return within('', 0, text.length) ?? quote(text);
}
