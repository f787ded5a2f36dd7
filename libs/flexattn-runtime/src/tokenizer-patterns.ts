/** Parts of a tokenizer.json that match text. */
const PARTS = ['normalizer', 'pre_tokenizer', 'decoder'];
/** Steps of those parts that do so by a pattern. */
const MATCHING: readonly unknown[] = ['Replace', 'Split'];

/**
 * Checks that every step which matches text says by what: the package prints a line for one that does not, and goes on
 * without it.
 *
 * @param content - of tokenizer.json
 * @throws Error naming the place of the first pattern that is neither a text nor a regular expression
 */
export function checkPatterns(content: object): void {
  for (const [part, steps] of Object.entries(content)) if (PARTS.includes(part)) checkSteps(steps, part);
}

/** Steps stand in each other: a `Sequence` has a list of them. */
function checkSteps(node: unknown, place: string): void {
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && MATCHING.includes(node.type)) checkPattern(node, place);
  for (const [name, inner] of Object.entries(node)) checkSteps(inner, `${place}.${name}`);
}

function checkPattern(step: object, place: string): void {
  const pattern: unknown = 'pattern' in step ? step.pattern : undefined;
  if (typeof pattern === 'object' && pattern !== null) {
    if ('String' in pattern && typeof pattern.String === 'string') return;
    if ('Regex' in pattern && typeof pattern.Regex === 'string') return;
  }
  throw new Error(`${place}.pattern has neither a text as "String" nor as "Regex"`);
}
