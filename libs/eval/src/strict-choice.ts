import { LETTERS, listedOptions, type Choice } from './choices.js';

/** A letter, alone or after "The answer is"; then maybe a mark, and maybe more text. */
const LETTER =
  /^(?:the (?:correct |best |right )?(?:answer|option|choice) is:? |(?:answer|option|choice):? )?\(?([a-d])(?![\p{L}\p{N}'’])([).:,]*)(?:\s+(.+))?$/isu;

/**
 * The letter that an answer really gives: "B", "b.", "(B)", "The answer is B."; a letter with a mark and text that is not
 * another option's ("B. red"); a letter and its own option's text ("B red"); or exactly one option's text ("red").
 * Everything else, such as "A cat" to "A. dog" or "BANANA", is `other`.
 */
export function strictChoice(prediction: string, question = ''): Choice {
  const options = listedOptions(question)?.map(comparable) ?? [];
  const answer = prediction.trim();
  const [, letter, mark, text] = LETTER.exec(answer) ?? [];
  const named = LETTERS.find((candidate) => candidate === letter?.toUpperCase());
  if (named !== undefined) {
    const said = text === undefined ? [] : matching(options, text);
    if (text === undefined || said.includes(named)) return named;
    if (mark !== '' && said.length === 0) return named;
  }
  const [only, ...others] = matching(options, answer);
  return only !== undefined && others.length === 0 ? only : 'other';
}

/** Letters of the options whose text this is. */
function matching(options: readonly string[], text: string): Choice[] {
  return LETTERS.filter((_, i) => options[i] === comparable(text));
}

function comparable(text: string): string {
  return text
    .trim()
    .replace(/[.,?!]+$/, '')
    .toLowerCase();
}
