import { ModelPrepError } from './errors.js';
import type { ModelPrepErrorCode } from './errors.js';
import { readExactly } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { quoted } from './shown.js';

/** What the central directory of a zip file says about an entry; sizes and offsets in bytes. */
export interface ZipRecord {
  name: string;
  flags: number;
  crc32: number;
  size: number;
  /** Where its local header begins. */
  offset: number;
  /** The 32-bit size field as it stands there: 0xFFFFFFFF where the real one follows in 64 bits. */
  size32: number;
  /** Sizes or the offset stand in 64 bits. */
  isZip64: boolean;
}

/** Entries. A checkpoint of 100,000 tensors has about as many; more is an attack on memory. */
const MAX_ENTRIES = 200_000;
/** Bytes of the central directory: 50 to 100 an entry. */
const MAX_DIRECTORY_BYTES = 32 * 1024 * 1024;

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const RECORD_BYTES = 46;
const IN_64_BITS = 0xffffffff;

/** Bit 3: sizes follow the data; bit 11: names are UTF-8. Others mean encryption or compression. */
const ALLOWED_FLAGS = 0x0808;

/**
 * Reads the central directory of a zip file of stored entries, with or without its 64-bit records.
 *
 * Stricter than most readers: no comment, no second disk, nothing between the directory and the end, and nothing
 * compressed or encrypted, so that no entry is larger than it stands in the file.
 *
 * @returns the entries, and where their directory begins, bytes
 * @throws ModelPrepError ZIP_DAMAGED, ZIP_UNSUPPORTED, ZIP_MISMATCH, ZIP_TOO_LARGE
 * @see APPNOTE.TXT, sections 4.3.12 to 4.3.16, 4.5.3
 */
export async function readZipDirectory(
  source: ByteSource,
  file: string,
): Promise<{ records: ZipRecord[]; begin: number }> {
  const { byteLength } = source;
  if (byteLength < END_BYTES)
    refuse('ZIP_DAMAGED', `expected at least ${END_BYTES} bytes, got ${byteLength}`, file);
  const tailBegin = Math.max(0, byteLength - END_BYTES - LOCATOR_BYTES - END64_BYTES);
  const tail = viewOf(await readExactly(source, tailBegin, byteLength, file));
  const { count, size, begin, end } = readEnd(tail, tailBegin, file);
  if (begin + size !== end) {
    refuse('ZIP_MISMATCH', `expected the directory to end at ${end}, got ${begin} + ${size}`, file);
  }
  if (count > MAX_ENTRIES || size > MAX_DIRECTORY_BYTES) {
    const limits = `${MAX_ENTRIES} entries in ${MAX_DIRECTORY_BYTES} bytes`;
    refuse('ZIP_TOO_LARGE', `expected at most ${limits}, got ${count} in ${size}`, file);
  }
  return { records: readRecords(await readExactly(source, begin, end, file), count, file), begin };
}

interface DirectoryPlace {
  count: number;
  size: number;
  begin: number;
  /** Where the records behind the directory begin. */
  end: number;
}

/** `tail` holds the last bytes of the file, from `tailBegin` on. */
function readEnd(tail: DataView, tailBegin: number, file: string): DirectoryPlace {
  const at = tail.byteLength - END_BYTES;
  if (tail.getUint32(at, true) !== 0x06054b50) {
    refuse('ZIP_DAMAGED', 'expected the end of a zip file in the last 22 bytes, got something else', file);
  }
  const [disk, firstDisk, onDisk, count] = [4, 6, 8, 10].map((field) => tail.getUint16(at + field, true));
  if (tail.getUint16(at + 20, true) !== 0) refuse('ZIP_UNSUPPORTED', 'expected no comment, got one', file);
  const is64 = at >= LOCATOR_BYTES && tail.getUint32(at - LOCATOR_BYTES, true) === 0x07064b50;
  const short: DirectoryPlace = {
    count: count ?? 0,
    size: tail.getUint32(at + 12, true),
    begin: tail.getUint32(at + 16, true),
    end: tailBegin + at,
  };
  if (disk !== 0 || firstDisk !== 0 || onDisk !== count) {
    refuse('ZIP_UNSUPPORTED', 'expected one file, got a part of several', file);
  }
  if (!is64) return short;
  const at64 = at - LOCATOR_BYTES - END64_BYTES;
  const long = readEnd64(tail, at64, tailBegin, file);
  const agrees =
    (short.count === 0xffff || short.count === long.count) &&
    (short.size === IN_64_BITS || short.size === long.size) &&
    (short.begin === IN_64_BITS || short.begin === long.begin);
  if (!agrees)
    refuse('ZIP_MISMATCH', 'expected the 32-bit and the 64-bit end to agree, got two answers', file);
  return long;
}

function readEnd64(tail: DataView, at: number, tailBegin: number, file: string): DirectoryPlace {
  const place = uint64(tail, at + END64_BYTES + 8, file);
  const isThere = at >= 0 && place === tailBegin + at && tail.getUint32(at, true) === 0x06064b50;
  if (!isThere || uint64(tail, at + 4, file) !== END64_BYTES - 12) {
    refuse('ZIP_DAMAGED', `expected a 64-bit end record of ${END64_BYTES} bytes before its locator`, file);
  }
  const [disk, firstDisk, disks] = [16, 20, END64_BYTES + 16].map((field) =>
    tail.getUint32(at + field, true),
  );
  const [onDisk, count, size, begin] = [24, 32, 40, 48].map((field) => uint64(tail, at + field, file));
  if (disk !== 0 || firstDisk !== 0 || disks !== 1 || onDisk !== count) {
    refuse('ZIP_UNSUPPORTED', 'expected one file, got a part of several', file);
  }
  return { count: count ?? 0, size: size ?? 0, begin: begin ?? 0, end: tailBegin + at };
}

function readRecords(bytes: Uint8Array, count: number, file: string): ZipRecord[] {
  const view = viewOf(bytes);
  const records: ZipRecord[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    if (at + RECORD_BYTES > bytes.byteLength || view.getUint32(at, true) !== 0x02014b50) {
      refuse('ZIP_DAMAGED', `expected an entry at byte ${at} of the directory, got something else`, file);
    }
    const [nameBytes = 0, extraBytes = 0, commentBytes = 0] = [28, 30, 32].map((f) =>
      view.getUint16(at + f, true),
    );
    const end = at + RECORD_BYTES + nameBytes + extraBytes + commentBytes;
    if (end > bytes.byteLength) {
      refuse('ZIP_DAMAGED', `expected ${bytes.byteLength} bytes of directory, got at least ${end}`, file);
    }
    const nameEnd = at + RECORD_BYTES + nameBytes;
    const name = nameOf(bytes.subarray(at + RECORD_BYTES, nameEnd), file);
    const extra = new DataView(bytes.buffer, bytes.byteOffset + nameEnd, extraBytes);
    records.push(readRecord(new DataView(bytes.buffer, bytes.byteOffset + at), extra, name, file));
    at = end;
  }
  if (records.length !== count) {
    refuse('ZIP_MISMATCH', `expected ${count} entries in the directory, got ${records.length}`, file);
  }
  return records;
}

function readRecord(view: DataView, extra: DataView, name: string, file: string): ZipRecord {
  const flags = view.getUint16(8, true);
  const method = view.getUint16(10, true);
  if (method !== 0) {
    refuse('ZIP_UNSUPPORTED', `expected a stored entry, got compression method ${method}`, file, name);
  }
  if ((flags & ~ALLOWED_FLAGS) !== 0) {
    refuse('ZIP_UNSUPPORTED', `expected no encryption, got flags 0x${flags.toString(16)}`, file, name);
  }
  const [compressed32, size32, offset32] = [20, 24, 42].map((field) => view.getUint32(field, true));
  const fields = [size32 ?? 0, compressed32 ?? 0, offset32 ?? 0];
  const isZip64 = fields.includes(IN_64_BITS);
  const [size = 0, compressed = 0, offset = 0] = isZip64 ? widen(fields, extra, file, name) : fields;
  if (size !== compressed) {
    refuse('ZIP_MISMATCH', `expected a stored entry of ${size} bytes, got ${compressed}`, file, name);
  }
  return { name, flags, crc32: view.getUint32(16, true), size, offset, size32: size32 ?? 0, isZip64 };
}

/** Replaces the fields that say so by those of the 64-bit extra field, which holds them in this order. */
function widen(fields: readonly number[], extra: DataView, file: string, name: string): number[] {
  let at = 0;
  while (at + 4 <= extra.byteLength) {
    const bytes = extra.getUint16(at + 2, true);
    if (extra.getUint16(at, true) === 1 && at + 4 + bytes <= extra.byteLength) {
      const wide = fields.filter((value) => value === IN_64_BITS).length;
      if (bytes < 8 * wide) break;
      let next = at + 4;
      return fields.map((value) => {
        if (value !== IN_64_BITS) return value;
        next += 8;
        return uint64(extra, next - 8, file);
      });
    }
    at += 4 + bytes;
  }
  return refuse('ZIP_DAMAGED', 'expected the sizes in 64 bits, got none', file, name);
}

function nameOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ModelPrepError('ZIP_DAMAGED', 'expected the names of entries in UTF-8', { file, cause });
  }
}

function uint64(view: DataView, at: number, file: string): number {
  const value = Number(view.getBigUint64(at, true));
  if (Number.isSafeInteger(value)) return value;
  return refuse('NUMBER_TOO_LARGE', `expected sizes and offsets below 2^53, got ${value}`, file);
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const HINTS: Partial<Record<ModelPrepErrorCode, string>> = {
  ZIP_DAMAGED: 'the file is incomplete or no PyTorch file: copy or download it again',
  ZIP_UNSUPPORTED:
    'torch.save never writes this, TorchScript does: load the file in PyTorch and save its state dict',
};

/** `entry` is the entry's name. */
function refuse(code: ModelPrepErrorCode, what: string, file: string, entry?: string): never {
  const where = entry === undefined ? what : `entry ${quoted(entry)}: ${what}`;
  throw new ModelPrepError(code, where, { file, hint: HINTS[code] });
}
