import { isUtf8 } from 'node:buffer';
import type { Drop } from './codes.js';
import { MAX_DEPTH, MAX_SAMPLE_BYTES } from './limits.js';
import { keyProblem } from './sample-keys.js';
import type { ScannedSample } from './sample-scanner.js';
import { checkGrammar } from './syntax-error.js';

/** The text and value of a sample, or why it has none that may be used. */
export type ParsedSample = { drop: undefined; text: string; value: unknown } | { drop: Drop; text?: string };

/** Parses one sample of `file`. What is not JSON throws `NOT_JSON`; what is JSON, but harmful, is a drop. */
export function parseSample(scanned: ScannedSample, file: string): ParsedSample {
  const { bytes, byteLength, depth } = scanned;
  if (bytes === undefined) {
    return dropped('SAMPLE_TOO_LARGE', `${byteLength} bytes: at most ${MAX_SAMPLE_BYTES} are allowed`);
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (depth > MAX_DEPTH) {
    checkGrammar(file, scanned, bytes);
    return dropped('TOO_DEEP', `${depth} nested brackets: at most ${MAX_DEPTH} are allowed`, text);
  }
  const value = parseJson(text, scanned, bytes, file);
  if (!isUtf8(bytes)) return dropped('INVALID_UTF8', 'its bytes are not UTF-8');
  const drop = keyProblem(text, value, scanned);
  return drop === undefined ? { drop, text, value } : { drop, text };
}

function dropped(code: Drop['code'], detail: string, text?: string): ParsedSample {
  return { drop: { code, detail }, ...(text === undefined ? {} : { text }) };
}

function parseJson(text: string, scanned: ScannedSample, bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    checkGrammar(file, scanned, bytes);
    throw error;
  }
}
