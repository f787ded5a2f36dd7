import { ModelPrepError } from './errors.js';
import type { ModelPrepErrorCode } from './errors.js';
import { readExactly } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { quoted } from './shown.js';
import { readZipDirectory } from './zip-directory.js';
import type { ZipRecord } from './zip-directory.js';

/** A stored entry of a zip file: `byteLength` bytes at `byteOffset` of the file. */
export interface ZipEntry {
  byteOffset: number;
  byteLength: number;
  /** Absent where the writer computed none (`torch.serialization.set_crc32_options(False)` writes 0 everywhere). */
  crc32?: number;
}

const LOCAL_BYTES = 30;
const HAS_DESCRIPTOR = 0x0008;

/**
 * The entries of a zip file by name. Directory, local headers and data descriptors say the same about each, and every
 * byte before the directory belongs to exactly one entry.
 *
 * @throws ModelPrepError as `readZipDirectory`; OVERLAP, HOLE, DUPLICATE_NAME
 */
export async function readZipEntries(
  source: ByteSource,
  file: string,
): Promise<ReadonlyMap<string, ZipEntry>> {
  const { records, begin: directory } = await readZipDirectory(source, file);
  const entries = new Map<string, ZipEntry>();
  let covered = 0;
  for (const record of records.sort((a, b) => a.offset - b.offset)) {
    const { name, offset, size, crc32 } = record;
    const refuse: Refuse = (code, what) => {
      throw new ModelPrepError(code, `entry ${quoted(name)}: ${what}`, { file });
    };
    if (entries.has(name)) refuse('DUPLICATE_NAME', 'expected one entry of this name, got two');
    if (offset !== covered) {
      refuse(offset < covered ? 'OVERLAP' : 'HOLE', `expected to begin at ${covered}, got ${offset}`);
    }
    const byteOffset = await readLocalHeader(source, record, directory, file, refuse);
    covered = await readDescriptor(source, record, byteOffset + size, directory, file, refuse);
    entries.set(name, { byteOffset, byteLength: size, ...(crc32 === 0 ? {} : { crc32 }) });
  }
  if (covered !== directory) {
    const what = `expected the directory behind the last entry at ${covered}, got ${directory}`;
    throw new ModelPrepError('HOLE', what, { file });
  }
  return entries;
}

type Refuse = (code: ModelPrepErrorCode, what: string) => never;

/** Where the data begins. */
async function readLocalHeader(
  source: ByteSource,
  record: ZipRecord,
  directory: number,
  file: string,
  refuse: Refuse,
): Promise<number> {
  const name = new TextEncoder().encode(record.name);
  const nameAt = record.offset + LOCAL_BYTES;
  if (nameAt + name.byteLength > directory) {
    refuse('OVERLAP', `expected its header to end before the directory at ${directory}`);
  }
  const bytes = await readExactly(source, record.offset, nameAt + name.byteLength, file);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(0, true) !== 0x04034b50) {
    refuse('ZIP_DAMAGED', `expected its header at ${record.offset}, got something else`);
  }
  const says = (what: string, expected: number, got: number): void => {
    if (expected !== got) {
      refuse('ZIP_MISMATCH', `expected ${what} ${expected} as in the directory, got ${got} in its header`);
    }
  };
  says('flags', record.flags, view.getUint16(6, true));
  says('method', 0, view.getUint16(8, true));
  says('a name of length', name.byteLength, view.getUint16(26, true));
  if (name.some((byte, i) => byte !== bytes[LOCAL_BYTES + i])) {
    refuse('ZIP_MISMATCH', 'expected this name as in the directory, got another in its header');
  }
  // What a descriptor will say may be left out here.
  const fields = [view.getUint32(14, true), view.getUint32(18, true), view.getUint32(22, true)];
  const [crc32 = 0, compressed = 0, size = 0] = fields;
  if ((record.flags & HAS_DESCRIPTOR) === 0 || fields.some((field) => field !== 0)) {
    says('CRC', record.crc32, crc32);
    says('size', record.size32, compressed);
    says('size', record.size32, size);
  }
  const begin = nameAt + name.byteLength + view.getUint16(28, true);
  if (begin + record.size > directory) {
    refuse(
      'OVERLAP',
      `expected its data to end before the directory at ${directory}, got ${begin + record.size}`,
    );
  }
  return begin;
}

/** Where the entry ends: behind its data, or behind the descriptor that follows them. */
async function readDescriptor(
  source: ByteSource,
  record: ZipRecord,
  at: number,
  directory: number,
  file: string,
  refuse: Refuse,
): Promise<number> {
  if ((record.flags & HAS_DESCRIPTOR) === 0) return at;
  const end = at + (record.isZip64 ? 24 : 16);
  if (end > directory)
    refuse('OVERLAP', `expected its descriptor to end before the directory at ${directory}`);
  const bytes = await readExactly(source, at, end, file);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sizes = record.isZip64
    ? [view.getBigUint64(8, true), view.getBigUint64(16, true)]
    : [view.getUint32(8, true), view.getUint32(12, true)].map(BigInt);
  if (view.getUint32(0, true) !== 0x08074b50) {
    refuse('ZIP_DAMAGED', `expected a descriptor at ${at}, got something else`);
  }
  if (view.getUint32(4, true) !== record.crc32 || sizes.some((size) => size !== BigInt(record.size))) {
    const what = `${record.size} bytes as in the directory`;
    refuse('ZIP_MISMATCH', `expected ${what}, got ${sizes.join(' and ')} or another CRC behind its data`);
  }
  return end;
}
