import { LETTERS, listedOptions, type Choice } from './choices.js';
import { pythonRightStrip } from './python-text.js';

/** A letter, alone or after "The answer is"; then maybe a mark, and maybe more text. */
const LETTER =
  /^(?:the (?:correct |best |right )?(?:answer|option|choice) is:? |(?:answer|option|choice):? )?\(?([a-z])(?![\p{L}\p{N}'’])([).:,]*)(?:\s+(.+))?$/isu;

/**
 * The letter that an answer really gives: "B", "b.", "(B)", "The answer is B."; a letter with a mark and text that is not
 * another option's ("B. red"); a letter and its own option's text ("B red"); or exactly one option's text ("red").
 * Everything else, such as "A cat" to "A. dog" or "BANANA", is `other`.
 */
export function strictChoice(prediction: string, question = ''): Choice {
  return strictLetter(prediction, LETTERS, listedOptions(question) ?? []) ?? 'other';
}

/** The same for any letters and the texts that they stand for, as far as those are known; undefined: none is given. */
export function strictLetter<Letter extends string>(
  prediction: string,
  letters: readonly Letter[],
  texts: readonly string[],
): Letter | undefined {
  const options = texts.map(comparable);
  const matching = (text: string) => letters.filter((_, i) => options[i] === comparable(text));
  const answer = prediction.trim();
  const [, letter, mark, text] = LETTER.exec(answer) ?? [];
  const named = letters.find((candidate) => candidate === letter?.toUpperCase());
  if (named !== undefined) {
    const said = text === undefined ? [] : matching(text);
    if (text === undefined || said.includes(named)) return named;
    if (mark !== '' && said.length === 0) return named;
  }
  const [only, ...others] = matching(answer);
  return others.length === 0 ? only : undefined;
}

function comparable(text: string): string {
  return pythonRightStrip(text.trim(), '.,?!').toLowerCase();
}
