import { pythonSplit } from './python-text.js';
import type { YesNo } from './pope-answer.js';

/** Marks and quotes that may stand around an answer. */
const OUTER_MARKS = /^["'“”‘’(]+|["'“”‘’).,;:!?]+$/gu;

/** A short answer as it is compared: lower case, single spaces, no marks or quotes around it. "Yes." is "yes". */
export function plainAnswer(text: string): string {
  return pythonSplit(pythonSplit(text.toLowerCase()).join(' ').replace(OUTER_MARKS, '')).join(' ');
}

/** "yes" or "no" where that is an answer's first word, else null. */
export function yesNo(text: string): YesNo | null {
  const word = /^(yes|no)(?![\p{L}\p{N}'’-])/u.exec(plainAnswer(text))?.[1];
  return word === 'yes' || word === 'no' ? word : null;
}
