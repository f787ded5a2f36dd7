import { CONTRACTIONS } from './contractions.js';
import { pythonSplit, pythonStrip } from './python-text.js';

const NUMBER_WORDS: ReadonlyMap<string, string> = new Map([
  ['none', '0'],
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map(
    (word, number): [string, string] => [word, String(number)],
  ),
]);
const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the']);
/** Commas and question marks, which the published list has too, are gone before it is read. */
const PUNCTUATION = [...';/[]"{}()=+\\_-><@`!'];
/** Any of them. Most answers have none, and are spared what could change nothing. */
const MARKED = /[;/[\]"{}()=+\\_\-><@`!]/;
/** A full stop stays only before a digit; the published pattern's look-behind for one is misspelt and never holds. */
const FULL_STOP = /\.(?!\p{Nd})/gu;
/** The published call hands `re.UNICODE` (32) over as the number of replacements. */
const MAX_FULL_STOPS = 32;

/**
 * Text as the EvalAI / M4C evaluator of TextVQA compares it: lower case, punctuation, articles and contractions made
 * uniform, number words to ten as digits. Reproduces the published processor's behaviour, oddities included:
 * "men's" becomes "men 's", a mark is dropped where it stands beside a space anywhere in the text and is a space elsewhere.
 */
export function processAnswer(text: string): string {
  return uniformWords(withoutPunctuation(uniformSpace(text)));
}

function uniformSpace(text: string): string {
  const lower = text.toLowerCase();
  const bare = /[,?']/.test(lower)
    ? lower.replaceAll(',', '').replaceAll('?', '').replaceAll("'s", " 's")
    : lower;
  return pythonStrip(pythonStrip(bare).replace(/[\n\t]/g, ' '));
}

function withoutPunctuation(text: string): string {
  let bare = text;
  for (const mark of MARKED.test(text) ? PUNCTUATION : []) {
    if (!text.includes(mark)) continue;
    const besideSpace = text.includes(`${mark} `) || text.includes(` ${mark}`);
    bare = bare.replaceAll(mark, besideSpace ? '' : ' ');
  }
  if (!bare.includes('.')) return bare;
  let stops = 0;
  return bare.replace(FULL_STOP, (stop) => ((stops += 1) <= MAX_FULL_STOPS ? '' : stop));
}

function uniformWords(text: string): string {
  const words: string[] = [];
  for (const word of pythonSplit(text)) {
    const number = NUMBER_WORDS.get(word) ?? word;
    if (!ARTICLES.has(number)) words.push(CONTRACTIONS.get(number) ?? number);
  }
  return words.join(' ');
}
