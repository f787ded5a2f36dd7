/** A generator of the tests' own, so that every run tests the same documents (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of `from`, each as likely as the others. */
export function pick<Item>(random: () => number, from: readonly [Item, ...Item[]]): Item {
  return from[Math.floor(random() * from.length)] ?? from[0];
}

/** Parts of strings: escapes, pairs of surrogates, structural characters, tags, white space of several kinds. */
const PARTS = [
  'a',
  '\\"',
  '\\\\',
  '\\n',
  '\\t',
  '\\/',
  '\\b',
  '\\f',
  '\\r',
  '\\u00e9',
  'é',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '<image>',
  '<',
  '>',
  '\\u003cimage\\u003e',
  '\\ud83d\\ude00',
  '😀',
  '/',
  ' ',
  '\u00a0',
  '\u2028',
  '猫',
  'true',
  '1e5',
  '\u007f',
  '<image>\\n',
  '\\\\u0041',
] as const;
const SPACES = ['', '', '', '', ' ', '\n', '\r\n\t'] as const;

/** JSON text of an array of values of any kind. */
export function randomArray(random: () => number): string {
  const values = Array.from({ length: Math.floor(random() * 5) }, () => randomValue(random, 0));
  return `[${values.join(' ,\n')}]`;
}

/** JSON text of a value; `depth`: of the brackets around it. */
function randomValue(random: () => number, depth: number): string {
  const space = () => pick(random, SPACES);
  const list = (item: (i: number) => string) =>
    Array.from({ length: Math.floor(random() * 4) }, (_, i) => item(i)).join(`${space()},${space()}`);
  const kind = Math.floor(random() * (depth > 4 ? 3 : 5));
  if (kind === 0) return randomString(random, 8);
  if (kind === 1) return pick(random, ['true', 'false', 'null']);
  if (kind === 2)
    return pick(random, ['0', '-1', '1.0', '1e5', '-0.5E-2', '123456789', '12345678901234567890']);
  if (kind === 3) return `[${space()}${list(() => randomValue(random, depth + 1))}${space()}]`;
  return `{${space()}${list((i) => `"k${i}"${space()}:${space()}${randomValue(random, depth + 1)}`)}${space()}}`;
}

/** JSON text of an array of samples, most of them such as real files hold, some with something odd about them. */
export function randomSamples(
  random: () => number,
  count: number,
  images: readonly [string, ...string[]],
): string {
  const samples = Array.from({ length: count }, () => randomSample(random, images));
  return `[${samples.join(pick(random, [',', ',\n', ' , ']))}]`;
}

function randomSample(random: () => number, images: readonly [string, ...string[]]): string {
  const chance = (share: number) => random() < share;
  const space = () => pick(random, SPACES);
  const object = (members: (readonly [string, string])[]) => {
    const texts = members.map(([key, value]) => `"${key}"${space()}:${space()}${value}`);
    return `{${space()}${texts.join(`${space()},${space()}`)}${space()}}`;
  };
  const turns = Array.from({ length: Math.floor(random() * 4) + (chance(0.02) ? 0 : 1) }, (_, i) => {
    const from = chance(0.05)
      ? pick(random, ['system', 'user', 'assistant', 'robot'])
      : i % 2 === 0
        ? 'human'
        : 'gpt';
    const tag = i === 0 && chance(0.7) ? '<image>\\n' : '';
    const value = chance(0.02) ? '5' : `"${tag}${randomString(random, 10).slice(1)}`;
    const members = [
      ['from', `"${from}"`],
      ['value', value],
      ...(chance(0.05) ? [['extra', randomValue(random, 3)]] : []),
    ] as [string, string][];
    return object(chance(0.1) ? members.reverse() : members);
  });
  const members: [string, string][] = [
    ['id', chance(0.3) ? pick(random, ['1', '1.0', '-7', '12345678901234567890']) : randomString(random, 3)],
  ];
  if (chance(0.9))
    members.push(['image', chance(0.05) ? randomString(random, 4) : JSON.stringify(pick(random, images))]);
  members.push(['conversations', `[${turns.join(`${space()},${space()}`)}]`]);
  if (chance(0.1))
    members.push([pick(random, ['model', 'id', 'image', '__proto__', 'a b']), randomValue(random, 2)]);
  return object(chance(0.2) ? members.toSorted(([a], [b]) => (a < b ? 1 : -1)) : members);
}

function randomString(random: () => number, most: number): string {
  return `"${Array.from({ length: Math.floor(random() * most) }, () => pick(random, PARTS)).join('')}"`;
}

/** `text` with something put in, taken out or replaced in one place. */
export function damaged(random: () => number, text: string): string {
  const at = Math.floor(random() * text.length);
  const put = pick(random, [
    '',
    '',
    ',',
    ']',
    '}',
    '[',
    '{',
    '"',
    '0',
    ' ',
    '\\',
    'é',
    ':',
    '\t',
    '\0',
    '\n',
    'u',
    '-',
    '\ufeff',
    '<',
  ]);
  return text.slice(0, at) + put + text.slice(at + Math.floor(random() * 2));
}
