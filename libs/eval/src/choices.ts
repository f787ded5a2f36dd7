/** The letters that a four-way question offers. */
export const LETTERS = ['A', 'B', 'C', 'D'] as const;

/** A letter, or `other` where none can be read. */
export type Choice = (typeof LETTERS)[number] | 'other';

/** 26: options beyond have no letter. */
export const MAX_LETTERS = 26;

/** A letter for each option, from A. */
export function lettersOf(options: readonly string[]): string[] {
  return options.map((_, i) => String.fromCharCode('A'.charCodeAt(0) + i));
}

/**
 * The four texts of the first line that reads `... A. one, B. two, C. three, D. four`, or undefined.
 * The same as the pattern `A\. (.+?), B\. (.+?), C\. (.+?), D\. (.+)`, in linear time.
 */
export function inlineOptions(question: string): string[] | undefined {
  for (const line of question.split('\n')) {
    const options = optionsBetween(line, ['A. ', ', B. ', ', C. ', ', D. ']);
    if (options !== undefined) return options;
  }
  return undefined;
}

/** The four texts of a question whose options stand in one line or on a line each, or undefined. */
export function listedOptions(question: string): string[] | undefined {
  const lines = optionsBetween(question, ['\nA. ', '\nB. ', '\nC. ', '\nD. ']);
  return inlineOptions(question) ?? lines?.map((text) => text.split('\n', 1).join());
}

/** What stands after each mark, up to the next one: at least one character each. */
function optionsBetween(text: string, marks: readonly string[]): string[] | undefined {
  const starts: number[] = [];
  let from = 0;
  for (const mark of marks) {
    const at = text.indexOf(mark, from);
    if (at < 0) return undefined;
    starts.push(at + mark.length);
    from = at + mark.length + 1;
  }
  if (from > text.length) return undefined;
  const ends = [...starts.slice(1).map((start, i) => start - (marks[i + 1] ?? '').length), text.length];
  return starts.map((start, i) => text.slice(start, ends[i]));
}
