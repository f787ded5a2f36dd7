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

/** 256 MB: twenty times the largest published picture. */
const MAX_BYTES = 256e6;
const FIRST_CAPACITY = 1 << 20;
/** What a message shows of text that is not base64. */
const SHOWN = 24;

/**
 * Decodes base64 text (RFC 4648, white space allowed) that comes in pieces, into one buffer that every picture uses again:
 * neither text nor bytes of a picture are garbage. `Buffer.from` would also pass over what it does not know.
 */
export class Base64Decoder {
  private buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  private size = 0;
  private characters = 0;
  private start = '';
  /** What does not fill a group of four yet. */
  private rest = '';
  private hasEnded = false;
  private isBad = false;

  add(text: string): void {
    this.characters += text.length;
    if (this.start.length < SHOWN) this.start += text.slice(0, SHOWN - this.start.length);
    const bare = this.rest + withoutSpace(text);
    const whole = bare.length - (bare.length % 4);
    this.rest = bare.slice(whole);
    if (whole > 0 && !this.isBad && this.size <= MAX_BYTES) this.decode(bare.slice(0, whole));
  }

  /**
   * Ends a picture: its bytes, good until the next `add`. Other text: `BAD_BASE64`; no bytes: `PICTURE_EMPTY`; too many:
   * `PICTURE_UNREADABLE`. The decoder is ready for the next picture in any case.
   */
  finish(key: string): Buffer {
    const { characters, size, start } = this;
    const isBad = this.isBad || this.rest !== '';
    this.size = this.characters = 0;
    this.start = this.rest = '';
    this.hasEnded = this.isBad = false;
    if (isBad) {
      throw badBase64(`${characters} characters that start with ${JSON.stringify(start)}`, key);
    }
    if (size === 0) throw new EvalError('PICTURE_EMPTY', 'expected a picture, got no bytes', { item: key });
    if (size > MAX_BYTES) {
      const what = `expected at most ${MAX_BYTES / 1e6} MB, got more`;
      throw new EvalError('PICTURE_UNREADABLE', what, { item: key, hint: 'fetch the file again' });
    }
    return this.buffer.subarray(0, size);
  }

  private decode(groups: string): void {
    this.isBad = this.hasEnded || !/^[A-Za-z0-9+/]*={0,2}$/.test(groups);
    this.hasEnded = groups.endsWith('=');
    if (this.isBad) return;
    const needed = this.size + (groups.length / 4) * 3;
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.buffer.length));
      this.buffer.copy(larger, 0, 0, this.size);
      this.buffer = larger;
    }
    this.size += this.buffer.write(groups, this.size, 'base64');
  }
}

/** `got`: what stands where base64 text should. */
export function badBase64(got: string, key: string): EvalError {
  return new EvalError('BAD_BASE64', `expected base64 text, got ${got}`, {
    item: key,
    hint: 'fetch the file again',
  });
}

/** Suffix of a picture by its first bytes; `bin` where they are unknown. */
export function pictureSuffix(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  return SIGNATURES.find(([, signature]) => start.startsWith(signature))?.[0] ?? 'bin';
}

/** Some writers break base64 into lines; most do not, and then megabytes need no copy. */
function withoutSpace(text: string): string {
  return /\s/.test(text) ? text.replace(/\s+/g, '') : text;
}
