import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { ModelPrepError } from '../errors.js';
import type { TensorInfo } from '../tensor-info.js';
import { denseBytes } from '../tensor-bytes.js';
import { readTorchZip } from '../torch-zip.js';
import { streamWeightFile, withWeightFile } from './weight-file.js';

/** CRCs of the storages of PyTorch files, each to be checked once: while a tensor passes, or by itself. */
export class StorageChecks {
  /** By file and range. */
  private readonly expected = new Map<string, { file: string; begin: number; length: number; crc: number }>();

  /** Reads what the zip files of `dir` say. */
  static async open(dir: string, files: readonly string[]): Promise<StorageChecks> {
    const checks = new StorageChecks();
    for (const name of files) {
      const file = resolve(dir, name);
      const { storages } = await withWeightFile(file, (source) => readTorchZip(source, file));
      for (const { byteOffset: begin, byteLength: length, crc32: crc } of storages) {
        if (crc !== undefined) checks.expected.set(keyOf(name, begin, length), { file, begin, length, crc });
      }
    }
    return checks;
  }

  /** Lets the pieces of a tensor pass; compares their CRC where the tensor is a whole storage, as almost all are. */
  async *pass(tensor: TensorInfo, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
    const key = keyOf(tensor.file, tensor.byteOffset, tensor.byteLength);
    const check = tensor.view ? undefined : this.expected.get(key);
    let crc = 0;
    for await (const piece of pieces) {
      if (check) crc = crc32(piece, crc);
      yield piece;
    }
    if (!check) return;
    compare(check, crc);
    this.expected.delete(key);
  }

  /** Reads and checks the storages that no tensor was the whole of. */
  async finish(signal: AbortSignal | undefined): Promise<void> {
    for (const check of this.expected.values()) {
      const { file, begin, length } = check;
      let crc = 0;
      for await (const piece of streamWeightFile(file, (source) => denseBytes(source, begin, length, file))) {
        signal?.throwIfAborted();
        crc = crc32(piece, crc);
      }
      compare(check, crc);
    }
    this.expected.clear();
  }
}

const keyOf = (file: string, begin: number, length: number): string => `${begin}+${length} ${file}`;

function compare(
  { file, begin, length, crc }: { file: string; begin: number; length: number; crc: number },
  got: number,
): void {
  if (got === crc) return;
  const what = `expected CRC ${hex(crc)} of the ${length} bytes at ${begin}, got ${hex(got)}`;
  throw new ModelPrepError('CRC_MISMATCH', what, {
    file,
    hint: 'the file is damaged: copy or download it again',
  });
}

const hex = (crc: number): string => crc.toString(16).padStart(8, '0');
