const COMMA = 0x2c;
const CLOSE_ARRAY = 0x5d;

/** What comes next: in an array the first or the next sample, what follows one, or nothing; in JSON lines the same. */
export type State = 'start' | 'first' | 'next' | 'after' | 'end' | 'line' | 'line end';

/** What may stand there, in the words of errors. */
export const EXPECTED: Record<State, string> = {
  start: 'an array of samples ("[") or one sample a line ("{")',
  first: 'a sample or "]"',
  next: 'a sample after the comma',
  after: '"," or "]" after a sample',
  end: 'nothing after the end of the array',
  line: 'a sample',
  'line end': 'the end of the line after a sample',
};

/** What comes after `byte`, if it is punctuation that may stand between the samples of an array. */
export function nextInArray(state: State, byte: number): State | undefined {
  if (byte === CLOSE_ARRAY && (state === 'first' || state === 'after')) return 'end';
  return byte === COMMA && state === 'after' ? 'next' : undefined;
}

/** Whether a JSON value may begin so: quotes, brackets, digits, a minus, and the first letters of true, false and null. */
export function canBeginValue(byte: number): boolean {
  return '"[{-0123456789tfn'.includes(String.fromCharCode(byte));
}
