import type { Random } from '../tiny/random.js';

/** A changed copy of `bytes`. */
export type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** What lengths, counts and offsets are most likely to be checked wrongly against. */
const EDGES = [
  ...[0n, 1n, 2n, 7n, 8n, 255n, 256n, 65_535n, 65_536n, 100_000_000n, 100_000_001n],
  ...[31n, 32n, 53n, 63n, 64n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits % 2n ** 64n, 2n ** bits - 8n]),
];

/** Changes of bytes that know nothing of what the bytes mean. */
export const BYTE_MUTATIONS: Readonly<Record<string, Mutation>> = {
  flip: (bytes, random) => changed(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  overwrite: (bytes, random) => changed(bytes, random, () => random.below(256)),
  truncate: (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  remove: (bytes, random) => {
    const [begin, end] = range(bytes, random);
    return join(bytes.subarray(0, begin), bytes.subarray(end));
  },
  repeat: (bytes, random) => {
    const [begin, end] = range(bytes, random);
    return join(bytes.subarray(0, end), bytes.subarray(begin));
  },
  move: (bytes, random) => {
    const [begin, end] = range(bytes, random);
    const copy = bytes.slice();
    copy.set(bytes.subarray(begin, end), random.below(bytes.length - (end - begin) + 1));
    return copy;
  },
  insert: (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const noise = Uint8Array.from({ length: random.between(1, 8) }, () => random.below(256));
    return join(bytes.subarray(0, at), noise, bytes.subarray(at));
  },
  edge: (bytes, random) => {
    const copy = bytes.slice();
    const width = random.pick([2, 4, 8]);
    const value = random.pick(EDGES);
    const at = random.below(Math.max(1, bytes.length - width + 1));
    for (let i = 0; i < Math.min(width, bytes.length - at); i++) {
      copy[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
    return copy;
  },
};

/** Changes of text that keep most of its grammar. */
export const TEXT_MUTATIONS: Readonly<Record<string, (text: string, random: Random) => string>> = {
  number: (text, random) =>
    replaceOne(text, /[0-9]+/g, random, () => random.pick([...EDGES.map(String), '-1', '1.5', '1e3', '01'])),
  token: (text, random) => {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + random.pick(TOKENS) + text.slice(at);
  },
  quote: (text, random) => replaceOne(text, /"[^"]*"/g, random, () => random.pick(TOKENS)),
  twice: (text, random) => {
    const begin = random.below(text.length);
    const end = random.between(begin, text.length);
    return text.slice(0, end) + text.slice(begin);
  },
  nest: (text, random) => {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + random.pick(['[', '{"a":']).repeat(random.between(1, 5000)) + text.slice(at);
  },
};

/** One to three changes of bytes, one after the other. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  return repeated(bytes, random, (changed) => random.pick(Object.values(BYTE_MUTATIONS))(changed, random));
}

/** One to three changes of text, one after the other; in one of five, of its bytes too. */
export function mutateText(text: string, random: Random): Uint8Array {
  const changes = Object.values(TEXT_MUTATIONS);
  const changed = repeated(text, random, (part) => (part === '' ? part : random.pick(changes)(part, random)));
  const bytes = new TextEncoder().encode(changed);
  return random.chance(20) ? mutateBytes(bytes, random) : bytes;
}

function repeated<T>(value: T, random: Random, change: (value: T) => T): T {
  let changed = value;
  for (let n = random.between(1, 3); n > 0; n--) changed = change(changed);
  return changed;
}

const TOKENS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\u0061',
    '\\ud800',
    '\ufeff',
    ' ',
    '\n',
    '\0',
    'é',
    '\u{1f600}',
  ],
  ...[
    'null',
    'true',
    '-0',
    '1e999',
    '"__proto__"',
    '"__metadata__"',
    '"a"',
    '"dtype"',
    '"F4"',
    '"U8"',
    '"shape"',
  ],
  ...['"data_offsets"', '[0,0]', '{}', '[]', '"\\""'],
];

/** All parts, one behind the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function changed(bytes: Uint8Array, random: Random, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice();
  for (let n = random.between(1, 3); n > 0; n--) {
    const at = random.below(Math.max(1, bytes.length));
    copy[at] = change(copy[at] ?? 0);
  }
  return copy;
}

function range(bytes: Uint8Array, random: Random): [begin: number, end: number] {
  const begin = random.below(bytes.length + 1);
  const longest = random.pick([1, 4, 16, 64, bytes.length]);
  return [begin, Math.min(bytes.length, begin + random.between(0, longest))];
}

function replaceOne(text: string, pattern: RegExp, random: Random, by: () => string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { 0: old, index } = random.pick(found);
  return text.slice(0, index) + by() + text.slice(index + old.length);
}
