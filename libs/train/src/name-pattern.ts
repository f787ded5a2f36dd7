/**
 * Whether a pattern names a parameter, as `matches` of `python/flexattn_train/settings.py` decides: a pattern is some
 * dotted parts of the name (`vision_tower`, `model.layers.0`), each of which may be a glob of Python's `fnmatchcase`.
 */
export function matchesName(pattern: string, name: string): boolean {
  return expressionOf(`*.${pattern}.*`).test(`.${name}.`);
}

const EXPRESSIONS = new Map<string, RegExp>();

function expressionOf(glob: string): RegExp {
  const known = EXPRESSIONS.get(glob) ?? new RegExp(`^${translate(glob)}$`, 's');
  EXPRESSIONS.set(glob, known);
  return known;
}

/** A glob as a regular expression; a `[` that nothing closes stands for itself. */
function translate(glob: string): string {
  return glob.replace(
    /\*+|\?|\[((?:!|(?!!))(?:\][^\]]*|[^\]]+))\]|[^]/g,
    (part: string, members: string | undefined) => {
      if (members !== undefined) return characterClass(members);
      if (part.startsWith('*')) return '.*';
      return part === '?' ? '.' : part.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
    },
  );
}

/** `abc`, `a-c` or `!abc` between brackets. A range that runs backwards holds nothing. */
function characterClass(members: string): string {
  const isNegated = members.startsWith('!');
  const listed = (isNegated ? members.slice(1) : members)
    .replace(/(.)-(.)/gs, (range, low: string, high: string) => (low > high ? '' : range))
    .replace(/[\\\]^[]/g, '\\$&');
  if (listed === '') return isNegated ? '.' : '(?!)';
  return `[${isNegated ? '^' : ''}${listed}]`;
}
