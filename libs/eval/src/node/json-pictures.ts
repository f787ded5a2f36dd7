import type { Token } from 'stream-json/core/parser.js';
import { Base64Decoder, badBase64 } from '../base64.js';
import { EvalError } from '../errors.js';
import { jsonTokens, unreadable } from './json-tokens.js';

/** A member of a JSON object of base64 texts: its bytes, good until the next one is read, or what is wrong with it. */
export interface JsonPicture {
  key: string;
  bytes: Buffer | EvalError;
}

/**
 * The members of a JSON object of base64 texts, decoded while they are read: memory holds the bytes of one picture and a
 * quarter of a megabyte of text. Text that is not JSON, or no object: `NOT_JSON`.
 */
export async function* readJsonPictures(file: string): AsyncGenerator<JsonPicture> {
  const options = { packStrings: false, streamKeys: false, streamNumbers: false };
  const members = new PictureMembers();
  try {
    for await (const tokens of jsonTokens(file, options)) {
      for (const token of tokens) {
        const picture = members.take(token);
        if (picture !== undefined) yield picture;
      }
      members.decode();
    }
    members.requireEnd();
  } catch (cause) {
    throw unreadable(cause, file, 'an object');
  }
}

/** Puts a parser's tokens together to pictures. */
class PictureMembers {
  private readonly decoder = new Base64Decoder();
  private key = '';
  private depth = 0;
  private hasEnded = false;
  /** Pieces of a text that were not decoded yet: the parser's are small. */
  private pieces = '';

  /** The picture that ends with this token. */
  take({ name, ...token }: Token): JsonPicture | undefined {
    if (name === 'startObject' || name === 'startArray') {
      if (this.depth === 0 && name === 'startArray') throw new Error('it is an array');
      this.depth += 1;
      return undefined;
    }
    if (name === 'endObject' || name === 'endArray') {
      this.depth -= 1;
      this.hasEnded = this.depth === 0;
      return this.depth === 1 ? this.noText('object') : undefined;
    }
    // What lies deeper is a part of something that is no picture.
    if (this.depth > 1 || name === 'startString') return undefined;
    const value = 'value' in token ? String(token.value) : '';
    if (name === 'keyValue') this.key = value;
    else if (name === 'stringChunk') this.pieces += value;
    else return name === 'endString' ? this.text() : this.noText(name.replace('Value', ''));
    return undefined;
  }

  decode(): void {
    if (this.pieces !== '') this.decoder.add(this.pieces);
    this.pieces = '';
  }

  requireEnd(): void {
    if (!this.hasEnded) throw new Error('it ends early');
  }

  private text(): JsonPicture {
    this.requireObject();
    this.decode();
    try {
      return { key: this.key, bytes: this.decoder.finish(this.key) };
    } catch (error) {
      if (error instanceof EvalError) return { key: this.key, bytes: error };
      throw error;
    }
  }

  private noText(got: string): JsonPicture {
    this.requireObject();
    return { key: this.key, bytes: badBase64(got, this.key) };
  }

  private requireObject(): void {
    if (this.depth === 0) throw new Error('it is a single value');
  }
}
