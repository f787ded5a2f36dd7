import type { Random } from '../tiny/random.js';

/** What stands where something else was expected. */
const ODD: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e300, 2 ** 53, -(2 ** 31), 5e-324],
  ...['', ' ', '0', '-1', 'null', '\ud800', '\u0000', '\u202e', '\ufeff', '<image>', '../../etc/passwd'],
  ...[
    '/etc/passwd',
    'C:\\x',
    'a\nb',
    '.',
    '..',
    '__proto__',
    'constructor',
    'x'.repeat(5000),
    'é'.repeat(300),
  ],
  ...[
    [],
    {},
    [[]],
    [null],
    ['a', 'a'],
    [0, 0, 0, 0],
    { a: 1 },
    JSON.parse('{"__proto__":{"x":1}}') as unknown,
  ],
];

type Container = unknown[] | Record<string, unknown>;

/** A changed copy of a JSON value as text: members replaced, removed, repeated, renamed or put elsewhere. */
export function mutateJson(value: unknown, random: Random): string {
  const copy = { root: structuredClone(value) };
  for (let n = random.between(1, 3); n > 0; n--) change(copy, random);
  return JSON.stringify(copy.root);
}

function change(document: Container, random: Random): void {
  const [container, key] = random.pick(members(document));
  const others = members(document);
  const old = memberOf(container, key);
  const action = random.below(6);
  if (action === 0 && container !== document) remove(container, key);
  else if (action === 1 && Array.isArray(container)) container.splice(Number(key), 0, structuredClone(old));
  else if (action === 2 && !Array.isArray(container) && container !== document) {
    remove(container, key);
    set(container, random.pick([`${key} `, key.toUpperCase(), '', '__proto__', 'x'.repeat(300)]), old);
  } else if (action === 3) {
    const [other, name] = random.pick(others);
    set(container, key, structuredClone(memberOf(other, name)));
  } else set(container, key, structuredClone(random.pick(ODD)));
}

/** Every member of every array and object, with what holds it. */
function members(container: Container): [Container, string][] {
  return Object.entries(container).flatMap(([key, value]): [Container, string][] => [
    [container, key],
    ...(isContainer(value) ? members(value) : []),
  ]);
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function memberOf(container: Container, key: string): unknown {
  return Object.getOwnPropertyDescriptor(container, key)?.value;
}

/** Also `__proto__` as a member like any other. */
function set(container: Container, key: string, value: unknown): void {
  Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
}

function remove(container: Container, key: string): void {
  if (Array.isArray(container)) container.splice(Number(key), 1);
  else Reflect.deleteProperty(container, key);
}
