import { createReadStream } from 'node:fs';
import { toIoError } from './io-error.js';

/** A line of a file, numbered from 1. */
export interface TextLine {
  line: number;
  text: string;
}

/**
 * The lines of a UTF-8 file that hold anything. Only U+000A ends one: JSON text may hold U+2028, at which
 * `node:readline` breaks.
 */
export async function* readTextLines(file: string): AsyncGenerator<TextLine> {
  let rest: string[] = [];
  let line = 0;
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
      const [first = '', ...others] = String(chunk).split('\n');
      rest.push(first);
      for (const next of others) {
        line += 1;
        const text = rest.join('');
        if (text.trim() !== '') yield { line, text };
        rest = [next];
      }
    }
  } catch (cause) {
    throw toIoError(cause, file);
  }
  const text = rest.join('');
  if (text.trim() !== '') yield { line: line + 1, text };
}
