/** White space as Python's `str.split()` and `str.strip()` see it; JavaScript's `\s` lacks U+001C..1F and U+0085 and has U+FEFF. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const SPACES = new RegExp(`${SPACE}+`, 'u');
const ONE_SPACE = new RegExp(`^${SPACE}$`, 'u');

/** Most text: of these characters only U+0020 is white space to Python. */
const PLAIN = /^[\x20-\x7e]*$/;

/** `text.split()` of Python: words, no empty ones. */
export function pythonSplit(text: string): string[] {
  return text.split(PLAIN.test(text) ? ' ' : SPACES).filter((word) => word !== '');
}

/** `text.strip()` of Python. */
export function pythonStrip(text: string): string {
  if (isPlainMark(text.charCodeAt(0)) && isPlainMark(text.charCodeAt(text.length - 1))) return text;
  // A pattern for space at the end would look at every run of space inside, which takes the square of its length.
  let [begin, end] = [0, text.length];
  while (begin < end && ONE_SPACE.test(text.charAt(begin))) begin += 1;
  while (end > begin && ONE_SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(begin, end);
}

/** `text.rstrip(marks)` of Python. */
export function pythonRightStrip(text: string, marks: string): string {
  let end = text.length;
  while (end > 0 && marks.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** ASCII without white space and control characters. */
function isPlainMark(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}
