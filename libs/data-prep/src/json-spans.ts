/** A value inside a JSON text: where it begins and ends; `key` where it is an object's. */
export interface Span {
  begin: number;
  end: number;
}
export interface Member extends Span {
  key: string;
}

/** The members of the object whose `{` stands at `at`, in order. `text` must have passed `JSON.parse`. */
export function* members(text: string, at: number): Generator<Member> {
  for (let i = skipSpace(text, at + 1); text[i] !== '}';) {
    const keyEnd = endOfString(text, i);
    const key = JSON.parse(text.slice(i, keyEnd)) as string;
    const begin = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, begin);
    yield { key, begin, end };
    i = skipComma(text, end);
  }
}

/** The elements of the array whose `[` stands at `at`, in order. `text` must have passed `JSON.parse`. */
export function* elements(text: string, at: number): Generator<Span> {
  for (let i = skipSpace(text, at + 1); text[i] !== ']';) {
    const end = endOfValue(text, i);
    yield { begin: i, end };
    i = skipComma(text, end);
  }
}

function endOfValue(text: string, begin: number): number {
  const first = text[begin];
  if (first === '"') return endOfString(text, begin);
  let i = begin;
  if (first !== '{' && first !== '[') {
    while (i < text.length && !',]} \t\n\r'.includes(text.charAt(i))) i += 1;
    return i;
  }
  let open = 0;
  do {
    const character = text[i];
    if (character === '{' || character === '[') open += 1;
    if (character === '}' || character === ']') open -= 1;
    i = character === '"' ? endOfString(text, i) : i + 1;
  } while (open > 0);
  return i;
}

function endOfString(text: string, begin: number): number {
  let i = begin + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length && ' \t\n\r'.includes(text.charAt(i))) i += 1;
  return i;
}

function skipComma(text: string, from: number): number {
  const i = skipSpace(text, from);
  return text[i] === ',' ? skipSpace(text, i + 1) : i;
}
