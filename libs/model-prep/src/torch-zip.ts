import { crc32 } from './crc32.js';
import { bytesOf, DTYPE_BYTES } from './dtype.js';
import { ModelPrepError } from './errors.js';
import type { ModelPrepErrorCode } from './errors.js';
import type { PickleTensor } from './pickle-value.js';
import { readExactly } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { cut, quoted } from './shown.js';
import type { StoredTensor, StridedView } from './strided-view.js';
import { isRowMajor } from './tensor-bytes.js';
import { readStateDict } from './torch-state-dict.js';
import { readZipEntries } from './zip-entries.js';
import type { ZipEntry } from './zip-entries.js';

/** What a PyTorch zip file holds. */
export interface TorchZip {
  /** In the order of the state dict; offsets count from the beginning of the file. */
  tensors: ReadonlyMap<string, StoredTensor>;
  /** The bytes that the tensors are views of; several may share one. In the order of the file. */
  storages: readonly ZipEntry[];
}

/** Bytes of data.pkl: about 200 a tensor. */
const MAX_PICKLE_BYTES = 32 * 1024 * 1024;
/** Bytes of a small text entry ("little", "3\n"). */
const MAX_TEXT_BYTES = 64;
/** `\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.`: how torch.save began its files before version 1.6. */
const LEGACY_MAGIC = [
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
];
const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04];

/**
 * Reads where the tensors of a state dict lie in a file that `torch.save` wrote (PyTorch 1.6 or newer); no tensor data
 * is read. The pickle in it is read by a machine that can build dicts and tensor views and nothing else: no code of
 * the file, or named by it, is ever executed.
 *
 * @throws ModelPrepError LEGACY_PICKLE, NOT_A_TORCH_FILE, PICKLE_GLOBAL and others, with what to do
 * @see torch/serialization.py, caffe2/serialize/inline_container.cc
 */
export async function readTorchZip(source: ByteSource, file: string): Promise<TorchZip> {
  await checkMagic(source, file);
  const entries = await readZipEntries(source, file);
  const root = rootOf(entries, file);
  const pickle = await readEntry(source, entries, `${root}data.pkl`, MAX_PICKLE_BYTES, file);
  const byteOrder = await readByteOrder(source, entries, root, file);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of readStateDict(pickle, file)) {
    const entry = entries.get(`${root}data/${tensor.storage.key}`);
    tensors.set(name, place(name, tensor, entry, byteOrder, file));
  }
  const isStorage = (name: string): boolean => name.startsWith(`${root}data/`);
  return { tensors, storages: [...entries].flatMap(([name, entry]) => (isStorage(name) ? entry : [])) };
}

async function checkMagic(source: ByteSource, file: string): Promise<void> {
  const begin = await readExactly(source, 0, Math.min(LEGACY_MAGIC.length, source.byteLength), file);
  const startsWith = (magic: number[]): boolean => magic.every((byte, i) => begin[i] === byte);
  if (startsWith(ZIP_MAGIC)) return;
  // Older ones still, and other pickles, begin with a protocol alone; tar files are older than both.
  if (startsWith(LEGACY_MAGIC) || begin[0] === 0x80) {
    refuse('LEGACY_PICKLE', 'expected a PyTorch zip file, got a pickle as PyTorch wrote it before 1.6', file);
  }
  refuse('NOT_A_TORCH_FILE', 'expected a PyTorch zip file, got something else', file);
}

/** The folder of the archive, which torch.save names after the file, with a `/`. */
function rootOf(entries: ReadonlyMap<string, ZipEntry>, file: string): string {
  const roots = [...entries.keys()].flatMap((name) => /^([^/]+\/)data\.pkl$/.exec(name)?.[1] ?? []);
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    return refuse('NOT_A_TORCH_FILE', `expected one FOLDER/data.pkl, got ${roots.length}`, file);
  }
  for (const name of entries.keys()) {
    if (name.startsWith(`${root}code/`) || name === `${root}constants.pkl`) {
      refuse('NOT_A_TORCH_FILE', `expected a state dict, got a TorchScript program (${quoted(name)})`, file);
    }
  }
  return root;
}

async function readEntry(
  source: ByteSource,
  entries: ReadonlyMap<string, ZipEntry>,
  name: string,
  limit: number,
  file: string,
): Promise<Uint8Array> {
  const entry = entries.get(name);
  if (!entry) return refuse('ENTRY_MISSING', `expected the entry ${quoted(name)}, got none`, file);
  const { byteOffset, byteLength } = entry;
  if (byteLength > limit) {
    refuse(
      'ZIP_TOO_LARGE',
      `entry ${quoted(name)}: expected at most ${limit} bytes, got ${byteLength}`,
      file,
    );
  }
  const bytes = await readExactly(source, byteOffset, byteOffset + byteLength, file);
  if (entry.crc32 !== undefined && entry.crc32 !== crc32(bytes)) {
    refuse('CRC_MISMATCH', `entry ${quoted(name)}: expected CRC ${entry.crc32}, got ${crc32(bytes)}`, file);
  }
  return bytes;
}

/** PyTorch before 2.1 wrote no flag; its files are little-endian wherever anyone has them. */
async function readByteOrder(
  source: ByteSource,
  entries: ReadonlyMap<string, ZipEntry>,
  root: string,
  file: string,
): Promise<'little' | 'big'> {
  const name = `${root}byteorder`;
  if (!entries.has(name)) return 'little';
  const text = new TextDecoder('latin1').decode(await readEntry(source, entries, name, MAX_TEXT_BYTES, file));
  if (text === 'little' || text === 'big') return text;
  return refuse('BAD_BYTE_ORDER', `expected little or big, got ${quoted(text)}`, file);
}

/** Checks a view against its storage and gives it its place in the file. */
function place(
  name: string,
  { storage, dtype, shape, stride, storageOffset }: PickleTensor,
  entry: ZipEntry | undefined,
  byteOrder: StridedView['byteOrder'],
  file: string,
): StoredTensor {
  const item = cut(name);
  if (!entry) return refuse('ENTRY_MISSING', `expected data/${storage.key}, got no such entry`, file, item);
  const bytes = bytesOf(storage.dtype ?? 'U8', [storage.length]);
  if (bytes !== entry.byteLength) {
    refuse(
      'BAD_STORAGE',
      `expected data/${storage.key} of ${bytes} bytes, got ${entry.byteLength}`,
      file,
      item,
    );
  }
  const width = DTYPE_BYTES[dtype];
  const byteLength = bytesOf(dtype, shape);
  const last = lastElement(shape, stride);
  const end = (storageOffset + last + 1) * width;
  if (byteLength > 0 && !(end <= entry.byteLength)) {
    const view = `[${shape.join(', ')}] with strides [${stride.join(', ')}] from ${storageOffset}`;
    refuse('BAD_VIEW', `expected a view of ${entry.byteLength} bytes, got ${dtype} ${view}`, file, item);
  }
  // A stride of 0 repeats elements: a small file could ask for any amount of memory or disk.
  if (byteLength > entry.byteLength) {
    const what = `expected at most the ${entry.byteLength} bytes of its storage, got ${byteLength}`;
    refuse('BAD_VIEW', what, file, item);
  }
  const byteOffset = entry.byteOffset + (byteLength > 0 ? storageOffset * width : 0);
  const isPlain = isRowMajor(shape, stride) && (byteOrder === 'little' || width === 1);
  const view = isPlain || byteLength === 0 ? {} : { view: { stride: [...stride], byteOrder } };
  return { name, dtype, shape: [...shape], byteOffset, byteLength, ...view };
}

/** Index of the last element from the first, in elements; beyond 2^53 not exact, but never below it. */
const lastElement = (shape: readonly number[], stride: readonly number[]): number =>
  shape.reduce((sum, n, i) => sum + (n - 1) * (stride[i] ?? 0), 0);

const HINTS: Partial<Record<ModelPrepErrorCode, string>> = {
  LEGACY_PICKLE: 'load it in PyTorch with weights_only=True and save it again with torch.save',
  NOT_A_TORCH_FILE: 'name a file that torch.save(model.state_dict(), file) wrote',
  CRC_MISMATCH: 'the file is damaged: copy or download it again',
  ENTRY_MISSING: 'the file is incomplete: copy or download it again',
  BAD_STORAGE: 'the file is damaged: copy or download it again',
  BAD_VIEW: 'save a contiguous copy of the tensor: tensor.contiguous()',
};

function refuse(code: ModelPrepErrorCode, what: string, file: string, item?: string): never {
  throw new ModelPrepError(code, what, { file, item, hint: HINTS[code] });
}
