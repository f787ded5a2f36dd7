import { resolveInside, StageError } from '@flexattn/stage';

/** Extensions tried for a missing file, in this order, and then the same in other cases (`PNG`, `PNg`, ...). */
const EXTENSIONS = ['png', 'jpg', 'jpeg', 'gif', 'webp'];

/** The five, then every other way to write them, capitals first: a fixed order on every machine. */
const CANDIDATES: readonly string[] = [...EXTENSIONS, ...EXTENSIONS.flatMap(otherCases)];

/** How often a name is percent-decoded: `%25252e` hides a dot behind three. */
const DECODINGS = 4;

/** The two-byte and three-byte forms of `.`, `/` and `\` that UTF-8 forbids and careless decoders accept. */
const OVERLONG: readonly (readonly [RegExp, string])[] = [
  [/%c0%ae|%e0%80%ae|%f0%80%80%ae/gi, '.'],
  [/%c0%af|%e0%80%af|%f0%80%80%af/gi, '/'],
  [/%c1%9c|%e0%81%9c|%f0%80%81%9c/gi, '\\'],
];

/**
 * Whether `name` leaves the image root or names the root itself, taken as it is or percent-decoded (some loaders take
 * names as URLs): absolute, `..` beyond the root with `/` or `\`, a drive, NUL. Lexical: links are the index's part.
 */
export function leavesRoot(name: string): boolean {
  let decoded = name;
  for (let i = 0; i <= DECODINGS; i += 1) {
    if (!staysInside(decoded)) return true;
    if (!decoded.includes('%')) return false;
    decoded = percentDecoded(decoded);
  }
  return false;
}

/**
 * Whether `name` can mean nothing but itself: no `%`, no `\`, no drive. Then it is inside where its folder is.
 */
export function isLiteral(name: string): boolean {
  return !name.includes('%') && !name.includes('\\') && name[1] !== ':';
}

function staysInside(name: string): boolean {
  try {
    resolveInside('.', name);
    return true;
  } catch (error) {
    if (error instanceof StageError && error.code === 'PATH_ESCAPE') return false;
    throw error;
  }
}

/** ASCII only: nothing else in a path has a meaning. */
function percentDecoded(name: string): string {
  const shortened = OVERLONG.reduce((text, [form, character]) => text.replace(form, character), name);
  return shortened.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/**
 * The names that a missing file `name` is looked for under: its stem with each extension, in the order of the rule, but
 * for the extensions that `isAbsent` tells to be none of its folder.
 */
export function otherNames(name: string, isAbsent: (extension: string) => boolean = () => false): string[] {
  const slash = name.lastIndexOf('/');
  const dot = name.lastIndexOf('.');
  const stem = dot > slash + 1 ? name.slice(0, dot) : name;
  return CANDIDATES.filter((extension) => !isAbsent(extension))
    .map((extension) => `${stem}.${extension}`)
    .filter((other) => other !== name);
}

/** All spellings of `word` in capitals and small letters but `word` itself, in the order of their bytes. */
function otherCases(word: string): string[] {
  const spellings = [...word].reduce(
    (heads, letter) => heads.flatMap((head) => [head + letter.toUpperCase(), head + letter]),
    [''],
  );
  return spellings.filter((spelling) => spelling !== word).sort();
}
