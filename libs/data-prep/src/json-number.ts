/** Where in a number one is: behind its minus, its leading zero, ... (RFC 8259, section 6). */
export type NumberState = 'minus' | 'zero' | 'int' | 'point' | 'fraction' | 'exp' | 'exp sign' | 'exp digits';

interface Step {
  /** Which kind of byte leads where. */
  next: Partial<Record<string, NumberState>>;
  /** Whether the number may end here. */
  end: boolean;
  /** What may stand here, for a message. */
  expected: string;
}

const STEPS: Record<NumberState, Step> = {
  minus: { next: { '0': 'zero', digit: 'int' }, end: false, expected: 'a digit' },
  zero: {
    next: { '.': 'point', e: 'exp' },
    end: true,
    expected: '"." or the end of the number: no digit follows a leading 0',
  },
  int: { next: { '0': 'int', digit: 'int', '.': 'point', e: 'exp' }, end: true, expected: 'a digit' },
  point: { next: { '0': 'fraction', digit: 'fraction' }, end: false, expected: 'a digit' },
  fraction: { next: { '0': 'fraction', digit: 'fraction', e: 'exp' }, end: true, expected: 'a digit' },
  exp: {
    next: { sign: 'exp sign', '0': 'exp digits', digit: 'exp digits' },
    end: false,
    expected: 'a digit or a sign',
  },
  'exp sign': { next: { '0': 'exp digits', digit: 'exp digits' }, end: false, expected: 'a digit' },
  'exp digits': { next: { '0': 'exp digits', digit: 'exp digits' }, end: true, expected: 'a digit' },
};

/** What may stand at `state` of a number, and whether the number may end there. */
export function numberStep(state: NumberState): { end: boolean; expected: string } {
  return STEPS[state];
}

/** Where `byte` leads from `state`; `end` where it is not the number's any more, undefined where it cannot follow. */
export function afterByte(state: NumberState, byte: number): NumberState | 'end' | undefined {
  const { next, end } = STEPS[state];
  const kind = kindOf(byte);
  const isDigit = kind === '0' || kind === 'digit';
  return next[kind] ?? (end && !isDigit ? 'end' : undefined);
}

/** The state behind the first byte of a number, or undefined where no number begins so. */
export function firstOfNumber(byte: number): NumberState | undefined {
  const kind = kindOf(byte);
  if (kind === '0') return 'zero';
  if (kind === 'digit') return 'int';
  return byte === 0x2d ? 'minus' : undefined;
}

function kindOf(byte: number): string {
  const character = String.fromCharCode(byte);
  if (byte > 0x30 && byte <= 0x39) return 'digit';
  if (character === 'e' || character === 'E') return 'e';
  return character === '+' || character === '-' ? 'sign' : character;
}
