import { EvalError } from './errors.js';

/** First bytes of the formats that benchmarks use, and the suffix they get. */
const SIGNATURES: readonly (readonly [suffix: string, bytes: string])[] = [
  ['jpg', '\xff\xd8\xff'],
  ['png', '\x89PNG'],
  ['webp', 'RIFF'],
  ['gif', 'GIF8'],
  ['bmp', 'BM'],
  ['tif', 'II*\0'],
  ['tif', 'MM\0*'],
];

/**
 * Bytes of base64 text (RFC 4648, white space allowed). Other text: `BAD_BASE64`; no bytes: `PICTURE_EMPTY`.
 * `Buffer.from` alone would pass over what it does not know.
 */
export function decodeBase64(value: unknown, key: string): Buffer {
  const text = typeof value === 'string' ? withoutSpace(value) : undefined;
  if (text === '') throw new EvalError('PICTURE_EMPTY', 'expected a picture, got no bytes', { item: key });
  if (text === undefined || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new EvalError('BAD_BASE64', `expected base64 text, got ${shown(value)}`, {
      item: key,
      hint: 'fetch the file again',
    });
  }
  return Buffer.from(text, 'base64');
}

/** Suffix of a picture by its first bytes; `bin` where they are unknown. */
export function pictureSuffix(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  return SIGNATURES.find(([, signature]) => start.startsWith(signature))?.[0] ?? 'bin';
}

function shown(value: unknown): string {
  return typeof value === 'string'
    ? `${value.length} characters that start with ${JSON.stringify(value.slice(0, 24))}`
    : typeof value;
}

/** Some writers break base64 into lines; most do not, and then megabytes need no copy. */
function withoutSpace(text: string): string {
  return /\s/.test(text) ? text.replace(/\s+/g, '') : text;
}
