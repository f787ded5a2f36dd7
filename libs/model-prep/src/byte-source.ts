import { ModelPrepError } from './errors.js';

/** Bytes that can be read by range: an ArrayBuffer, a Uint8Array, a file, hyparquet's AsyncBuffer. */
export interface ByteSource {
  readonly byteLength: number;
  slice(begin: number, end: number): ArrayBuffer | Uint8Array | Promise<ArrayBuffer | Uint8Array>;
}

/**
 * Bytes [begin, end) of `source`, not to be changed: they may be the source's own.
 *
 * @throws ModelPrepError FILE_TRUNCATED; a file may shrink while it is read
 */
export async function readExactly(
  source: ByteSource,
  begin: number,
  end: number,
  file: string,
): Promise<Uint8Array> {
  const slice = await source.slice(begin, end);
  const bytes = slice instanceof Uint8Array ? slice : new Uint8Array(slice);
  if (bytes.byteLength !== end - begin) {
    const what = `expected ${end - begin} bytes at ${begin}, got ${bytes.byteLength}`;
    throw new ModelPrepError('FILE_TRUNCATED', what, { file, hint: 'the file is incomplete: get it again' });
  }
  return bytes;
}
