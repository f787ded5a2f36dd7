import { crc32 } from './crc32.js';
import type { Dtype } from './dtype.js';
import type { Tensor } from './float32.js';

/** An entry of a zip file, and the lies that its headers tell. */
export interface ZipPart {
  name: string;
  data: Uint8Array;
  /** Sizes and CRC follow the data instead of standing in the local header. */
  descriptor?: boolean;
  /** Sizes and offset stand in 64 bits in the directory. */
  wide?: boolean;
  /** Bytes of padding in the extra field of the local header. */
  padding?: number;
  flags?: number;
  method?: number;
  local?: { name?: string; size?: number; crc?: number; flags?: number };
  directory?: { size?: bigint; offset?: number; crc?: number; compressed?: number };
  /** What the descriptor says. */
  tail?: { size?: number; crc?: number };
}

/** What the end of a zip file says. */
export interface ZipEnd {
  count?: number;
  size?: number;
  offset?: number;
  comment?: string;
  /** Writes the 64-bit end record too. */
  wide?: { count?: bigint; offset?: bigint };
  /** Bytes between the last entry and the directory. */
  gap?: number;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Little-endian numbers of the widths (bytes) that stand before them. */
function fields(...pairs: [width: 2 | 4 | 8, value: number | bigint][]): Uint8Array {
  const bytes = new Uint8Array(pairs.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of pairs) {
    if (width === 8) view.setBigUint64(at, BigInt(value), true);
    else if (width === 4) view.setUint32(at, Number(value), true);
    else view.setUint16(at, Number(value), true);
    at += width;
  }
  return bytes;
}

/** All parts, one behind the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** A zip file of stored entries that says what it is told to. */
export function zipFile(parts: readonly ZipPart[], end: ZipEnd = {}): Uint8Array<ArrayBuffer> {
  const written: Uint8Array[] = [];
  const records: Uint8Array[] = [];
  let at = 0;
  for (const part of parts) {
    const offset = at;
    const bytes = localPart(part);
    written.push(bytes);
    at += bytes.byteLength;
    records.push(directoryRecord(part, offset));
  }
  if (end.gap !== undefined) written.push(new Uint8Array(end.gap));
  const begin = at + (end.gap ?? 0);
  const size = records.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const count = end.wide?.count ?? BigInt(parts.length);
  const wide = end.wide
    ? [
        fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0]),
        fields([8, count], [8, count], [8, size], [8, end.wide.offset ?? BigInt(begin)]),
        fields([4, 0x07064b50], [4, 0], [8, begin + size], [4, 1]),
      ]
    : [];
  const comment = utf8(end.comment ?? '');
  const short = end.count ?? (end.wide ? 0xffff : parts.length);
  const tail = fields(
    ...([
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
      [2, short],
      [2, short],
      [4, end.size ?? size],
      [4, end.offset ?? (end.wide ? 0xffffffff : begin)],
      [2, comment.byteLength],
    ] satisfies [2 | 4, number][]),
  );
  return concat(...written, ...records, ...wide, tail, comment);
}

function localPart(part: ZipPart): Uint8Array {
  const { data, local = {}, tail = {}, descriptor = false, padding = 0 } = part;
  const name = utf8(local.name ?? part.name);
  const size = local.size ?? (descriptor ? 0 : data.byteLength);
  const crc = local.crc ?? (descriptor ? 0 : crc32(data));
  const flags = local.flags ?? part.flags ?? (descriptor ? 0x0808 : 0x0800);
  const header = fields(
    ...([
      [4, 0x04034b50],
      [2, 0],
      [2, flags],
      [2, part.method ?? 0],
      [4, 0],
      [4, crc],
      [4, size],
      [4, size],
      [2, name.byteLength],
      [2, padding],
    ] satisfies [2 | 4, number][]),
  );
  const [tailCrc, tailSize] = [tail.crc ?? crc32(data), tail.size ?? data.byteLength];
  const width = part.wide ? 8 : 4;
  const behind = descriptor
    ? fields([4, 0x08074b50], [4, tailCrc], [width, tailSize], [width, tailSize])
    : new Uint8Array();
  return concat(header, name, new Uint8Array(padding), data, behind);
}

function directoryRecord(part: ZipPart, offset: number): Uint8Array {
  const { data, directory = {}, descriptor = false } = part;
  const name = utf8(part.name);
  const size = directory.size ?? BigInt(data.byteLength);
  const wide = part.wide ?? size > 0xffffffffn;
  const extra = wide
    ? fields([2, 1], [2, 24], [8, size], [8, size], [8, directory.offset ?? offset])
    : undefined;
  const narrow = (value: number): number => (wide ? 0xffffffff : value);
  const record = fields(
    ...([
      [4, 0x02014b50],
      [2, 0],
      [2, 0],
      [2, part.flags ?? (descriptor ? 0x0808 : 0x0800)],
      [2, part.method ?? 0],
      [4, 0],
      [4, directory.crc ?? crc32(data)],
      [4, narrow(directory.compressed ?? Number(size))],
      [4, narrow(Number(size))],
      [2, name.byteLength],
      [2, extra?.byteLength ?? 0],
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, narrow(directory.offset ?? offset)],
    ] satisfies [2 | 4, number][]),
  );
  return concat(record, name, extra ?? new Uint8Array());
}

/** Opcodes of pickles, as bytes. */
export const op = {
  global: (name: string): Uint8Array => {
    const dot = name.lastIndexOf('.');
    return utf8(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`);
  },
  text: (text: string): Uint8Array => concat(utf8('X'), fields([4, utf8(text).byteLength]), utf8(text)),
  int: (value: number): Uint8Array => concat(utf8('J'), fields([4, value >>> 0])),
  long: (value: bigint, width = 8): Uint8Array =>
    concat(
      Uint8Array.of(0x8a, width),
      Uint8Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)),
    ),
  tuple: (...items: Uint8Array[]): Uint8Array => concat(utf8('('), ...items, utf8('t')),
  raw: (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0)),
  call: (name: string, ...args: Uint8Array[]): Uint8Array =>
    concat(op.global(name), op.tuple(...args), utf8('R')),
  dict: (...items: Uint8Array[]): Uint8Array => concat(utf8('}('), ...items, utf8('u')),
};

/** A pickle of protocol 2. */
export const pickle = (...parts: Uint8Array[]): Uint8Array =>
  concat(Uint8Array.of(0x80, 2), ...parts, op.raw('.'));

/** What differs from a float32 tensor of 2 x 3 in a storage of its own. */
export interface TensorParts {
  type?: string;
  key?: Uint8Array;
  length?: Uint8Array;
  offset?: Uint8Array;
  shape?: readonly number[] | Uint8Array;
  stride?: readonly number[] | Uint8Array;
  function?: string;
  /** Arguments behind the hooks. */
  rest?: Uint8Array[];
}

const ints = (values: readonly number[] | Uint8Array): Uint8Array =>
  values instanceof Uint8Array ? values : op.tuple(...values.map(op.int));

/** The opcodes of one tensor. */
export function tensorOps(parts: TensorParts = {}): Uint8Array {
  const { type = 'torch.FloatStorage', key = op.text('0'), length = op.int(6) } = parts;
  const id = op.tuple(op.text('storage'), op.global(type), key, op.text('cpu'), length);
  return op.call(
    parts.function ?? 'torch._utils._rebuild_tensor_v2',
    concat(id, op.raw('Q')),
    parts.offset ?? op.int(0),
    ints(parts.shape ?? [2, 3]),
    ints(parts.stride ?? [3, 1]),
    op.raw('\x89'),
    op.call('collections.OrderedDict'),
    ...(parts.rest ?? []),
  );
}

/** What differs from a good file of one tensor, `a`. */
export interface TorchFileParts {
  pickle?: Uint8Array;
  storages?: Record<string, Uint8Array>;
  byteorder?: string;
  root?: string;
  /** Changes the entries before they are written. */
  edit?: (parts: ZipPart[]) => ZipPart[];
  end?: ZipEnd;
}

/** A file as `torch.save` writes it, or not quite. */
export function torchFile(parts: TorchFileParts = {}): Uint8Array<ArrayBuffer> {
  const { root = 'archive', storages = { 0: Uint8Array.from({ length: 24 }, (_, i) => i) } } = parts;
  const data = parts.pickle ?? pickle(op.dict(op.text('a'), tensorOps()));
  const entries: ZipPart[] = [
    { name: `${root}/data.pkl`, data, descriptor: true, padding: 5 },
    { name: `${root}/byteorder`, data: utf8(parts.byteorder ?? 'little'), descriptor: true },
    ...Object.entries(storages).map(([key, bytes]) => ({
      name: `${root}/data/${key}`,
      data: bytes,
      padding: 9,
    })),
    { name: `${root}/version`, data: utf8('3\n') },
  ];
  return zipFile(parts.edit?.(entries) ?? entries, parts.end);
}

const STORAGES: Partial<Record<Dtype, string>> = { F32: 'Float', F16: 'Half', BF16: 'BFloat16' };

/** A state dict as `torch.save` writes it, each tensor in a storage of its own. */
export function torchWeights(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const entries = [...tensors];
  const items = entries.flatMap(([name, { dtype, shape }], i) => {
    const stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
    const length = op.int(shape.reduce((product, n) => product * n, 1));
    const type = `torch.${STORAGES[dtype] ?? dtype}Storage`;
    return [op.text(name), tensorOps({ type, key: op.text(String(i)), length, shape, stride })];
  });
  const storages = Object.fromEntries(entries.map(([, { data }], i) => [i, data]));
  return torchFile({ pickle: pickle(op.dict(...items)), storages });
}
