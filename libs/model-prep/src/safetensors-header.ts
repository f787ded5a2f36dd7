import { readExactly } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { checkLayout, parseTensorEntry } from './tensor-entry.js';
import type { HeaderTensor } from './tensor-entry.js';
import { JsonCursor } from './json-cursor.js';
import { refuseSafetensors } from './safetensors-error.js';
import { quoted } from './shown.js';

/** What a safetensors file says about itself; `tensors` in the order of the header's text. */
export interface SafetensorsHeader {
  /** Where the tensors' data begins in the file: 8 + the header's length, bytes. */
  dataStart: number;
  metadata: ReadonlyMap<string, string>;
  tensors: ReadonlyMap<string, HeaderTensor>;
}

/** Bytes. The reference implementation's limit: a hostile length must not become an allocation. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Bytes of the length field, a little-endian u64. */
const LENGTH_BYTES = 8;
/** Bytes of `{}`, the shortest header there is. */
const MIN_HEADER_BYTES = 2;

/**
 * Reads and checks the header of a safetensors file; no tensor data is read.
 *
 * Stricter than most readers: every byte of the file belongs to exactly one tensor, a name occurs once, and no number
 * is rounded. `file` is the name used in errors.
 *
 * @throws ModelPrepError with the tensor's name, what was expected and what was found
 * @see https://github.com/huggingface/safetensors#format
 */
export async function parseSafetensors(source: ByteSource, file: string): Promise<SafetensorsHeader> {
  const { byteLength } = source;
  if (byteLength < LENGTH_BYTES) {
    refuseSafetensors('FILE_TRUNCATED', `expected at least ${LENGTH_BYTES} bytes, got ${byteLength}`, file);
  }
  const lengthField = await readExactly(source, 0, LENGTH_BYTES, file);
  const length = new DataView(lengthField.buffer, lengthField.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    refuseSafetensors(
      'HEADER_TOO_LARGE',
      `header of ${length} bytes, expected at most ${MAX_HEADER_BYTES}`,
      file,
    );
  }
  if (length < MIN_HEADER_BYTES) {
    refuseSafetensors(
      'HEADER_TOO_SMALL',
      `header of ${length} bytes, expected at least ${MIN_HEADER_BYTES}`,
      file,
    );
  }
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > byteLength) {
    refuseSafetensors(
      'FILE_TRUNCATED',
      `header ends at byte ${dataStart}, but the file has ${byteLength}`,
      file,
    );
  }
  const text = decodeUtf8(await readExactly(source, LENGTH_BYTES, dataStart, file), file);
  const header = parseHeaderText(text, file);
  checkLayout([...header.tensors.values()], byteLength - dataStart, file);
  return { dataStart, ...header };
}

function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuseSafetensors('HEADER_NOT_UTF8', 'expected UTF-8 text, got other bytes', file);
  }
}

function parseHeaderText(text: string, file: string): Omit<SafetensorsHeader, 'dataStart'> {
  const cursor = new JsonCursor(text, (what, at) =>
    refuseSafetensors('HEADER_NOT_JSON', `${what} at character ${at} of the header`, file),
  );
  // The format: a header begins with "{", and may be padded with spaces at its end.
  if (!text.startsWith('{'))
    refuseSafetensors('HEADER_NOT_JSON', `expected "{" first, got ${quoted(text.slice(0, 1))}`, file);
  let metadata: ReadonlyMap<string, string> | undefined;
  const tensors = new Map<string, HeaderTensor>();
  cursor.members((name) => {
    if (name === '__metadata__') {
      if (metadata)
        refuseSafetensors('DUPLICATE_NAME', 'expected one entry of this name, got two', file, name);
      metadata = parseMetadata(cursor, file);
      return;
    }
    if (tensors.has(name)) {
      refuseSafetensors('DUPLICATE_NAME', 'expected one tensor of this name, got two', file, name);
    }
    tensors.set(name, parseTensorEntry(cursor, name, file));
  });
  const rest = text.slice(cursor.at).replace(/^ +/, '');
  if (rest !== '')
    refuseSafetensors(
      'HEADER_NOT_JSON',
      `expected only spaces behind "}", got ${quoted(rest.slice(0, 1))}`,
      file,
    );
  return { metadata: metadata ?? new Map(), tensors };
}

function parseMetadata(cursor: JsonCursor, file: string): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  const item = '__metadata__';
  if (cursor.peek() !== '{')
    refuseSafetensors('BAD_METADATA', `expected an object, got ${cursor.found()}`, file, item);
  cursor.members((key) => {
    if (metadata.has(key))
      refuseSafetensors('DUPLICATE_NAME', `expected one ${quoted(key)}, got two`, file, item);
    if (cursor.peek() !== '"') {
      refuseSafetensors(
        'BAD_METADATA',
        `expected a string for ${quoted(key)}, got ${cursor.found()}`,
        file,
        item,
      );
    }
    metadata.set(key, cursor.string());
  });
  return metadata;
}
