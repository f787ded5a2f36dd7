import { describe, expect, it } from 'vitest';
import type { ModelPrepErrorCode } from './errors.js';
import { tensorBytes } from './tensor-bytes.js';
import { concat, op, pickle, tensorOps, torchFile, zipFile } from './torch-file.fixture.js';
import type { TensorParts, TorchFileParts, ZipPart } from './torch-file.fixture.js';
import { readTorchZip } from './torch-zip.js';

interface Case {
  what: string;
  reject: TorchFileParts | Uint8Array;
  code: ModelPrepErrorCode;
  /** Parts of the message: expected, got, where. */
  says: string[];
  /** Default: the file without the lie. */
  accept?: TorchFileParts | Uint8Array;
}

const fileOf = (parts: TorchFileParts | Uint8Array): Uint8Array =>
  parts instanceof Uint8Array ? parts : torchFile(parts);
const good = torchFile();
/** Changes the entry of this name. */
const entry = (name: string, change: Partial<ZipPart>): TorchFileParts => ({
  edit: (parts) => parts.map((part) => (part.name === `archive/${name}` ? { ...part, ...change } : part)),
});
const added = (...more: ZipPart[]): TorchFileParts => ({ edit: (parts) => [...parts, ...more] });
const part = (name: string, data = new Uint8Array(4)): ZipPart => ({ name, data });
const pickled = (...parts: Uint8Array[]): TorchFileParts => ({ pickle: pickle(...parts) });
const tensor = (parts: TensorParts): TorchFileParts => pickled(op.dict(op.text('a'), tensorOps(parts)));
const { raw, text, int, dict, call, global } = op;
const times = (n: number, opcode: string): Uint8Array => raw(opcode.repeat(n));
const v3 = 'torch._utils._rebuild_tensor_v3';
const untyped = { type: 'torch.storage.UntypedStorage', length: int(24), function: v3 };

// prettier-ignore
const archives: Case[] = [
  { what: 'an empty file', reject: new Uint8Array(), code: 'NOT_A_TORCH_FILE', says: ['got something else'] },
  { what: 'a text', reject: raw('version https://git-lfs.github.com/spec/v1'), code: 'NOT_A_TORCH_FILE', says: ['torch.save'] },
  { what: 'a pickle of PyTorch 1.5', reject: raw('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.'), code: 'LEGACY_PICKLE', says: ['weights_only=True', 'torch.save'] },
  { what: 'a plain pickle', reject: pickle(raw('N')), code: 'LEGACY_PICKLE', says: ['before 1.6'] },
  { what: 'a file without its last byte', reject: good.slice(0, -1), code: 'ZIP_DAMAGED', says: ['download it again'] },
  { what: 'a first half', reject: good.slice(0, good.length >> 1), code: 'ZIP_DAMAGED', says: ['the end of a zip'] },
  { what: 'a byte behind the end', reject: concat(good, raw('\0')), code: 'ZIP_DAMAGED', says: ['last 22 bytes'] },
  { what: 'bytes before the first entry', reject: concat(raw('PK\x03\x04'), good), code: 'ZIP_MISMATCH', says: ['directory to end'] },
  { what: 'a comment', reject: { end: { comment: 'x' } }, code: 'ZIP_DAMAGED', says: ['last 22 bytes'] },
  { what: 'a comment that is an end of its own', reject: concat(good, good.slice(-22)), code: 'ZIP_MISMATCH', says: ['directory to end'] },
  { what: 'too few entries in the end record', reject: { end: { count: 3 } }, code: 'ZIP_MISMATCH', says: ['expected 3', 'got 4'] },
  { what: 'a directory that begins elsewhere', reject: { end: { offset: 40 } }, code: 'ZIP_MISMATCH', says: ['got 40 +'] },
  { what: 'a 64-bit end that disagrees', reject: { end: { wide: { count: 3n }, count: 4 } }, code: 'ZIP_MISMATCH', says: ['two answers'], accept: { end: { wide: {} } } },
  { what: 'a billion entries', reject: { end: { wide: { count: 1_000_000_000n } } }, code: 'ZIP_TOO_LARGE', says: ['200000', '1000000000'], accept: { end: { wide: {} } } },
  { what: 'an offset of 2^60', reject: { end: { wide: { offset: 2n ** 60n } } }, code: 'NUMBER_TOO_LARGE', says: ['2^53'], accept: { end: { wide: {} } } },
  { what: 'bytes between the entries and the directory', reject: { end: { gap: 1 } }, code: 'HOLE', says: ['got'] },
  { what: 'two entries on the same bytes', reject: added({ ...part('archive/data/1'), directory: { offset: 0 } }), code: 'OVERLAP', says: ['data/1', 'got 0'], accept: added(part('archive/data/1')) },
  { what: 'an entry in the data of another', reject: entry('version', { directory: { offset: 100 } }), code: 'OVERLAP', says: ['version', 'got 100'] },
  { what: 'an entry beyond the file', reject: entry('data/0', { directory: { size: 2n ** 40n }, wide: true }), code: 'ZIP_MISMATCH', says: ['data/0'], accept: entry('data/0', { wide: true, descriptor: true }) },
  { what: 'an entry that is larger than the file', reject: entry('data/0', { directory: { size: 2n ** 40n }, wide: true, descriptor: true }), code: 'OVERLAP', says: ['data/0', 'before the directory'], accept: entry('data/0', { wide: true, descriptor: true }) },
  { what: 'an entry of 2^63 bytes', reject: entry('data/0', { directory: { size: 2n ** 63n }, wide: true }), code: 'NUMBER_TOO_LARGE', says: ['2^53'] },
  { what: 'a size that the local header denies', reject: entry('data/0', { local: { size: 23 } }), code: 'ZIP_MISMATCH', says: ['size 24', 'got 23'] },
  { what: 'a CRC that the local header denies', reject: entry('data/0', { local: { crc: 1 } }), code: 'ZIP_MISMATCH', says: ['CRC', 'got 1'] },
  { what: 'a name that the local header denies', reject: entry('data/0', { local: { name: 'archive/data/1' } }), code: 'ZIP_MISMATCH', says: ['another in its header'] },
  { what: 'a name of another length in the local header', reject: entry('data/0', { local: { name: 'archive/data/00' } }), code: 'ZIP_MISMATCH', says: ['length 14', 'got 15'] },
  { what: 'flags that the local header denies', reject: entry('data/0', { local: { flags: 0x0808 } }), code: 'ZIP_MISMATCH', says: ['flags'] },
  { what: 'a size that the descriptor denies', reject: entry('data.pkl', { tail: { size: 5 } }), code: 'ZIP_MISMATCH', says: ['data.pkl', 'behind its data'] },
  { what: 'a CRC that the descriptor denies', reject: entry('data.pkl', { tail: { crc: 5 } }), code: 'ZIP_MISMATCH', says: ['another CRC'] },
  { what: 'no descriptor where one is promised', reject: entry('version', { flags: 0x0808 }), code: 'OVERLAP', says: ['descriptor'], accept: entry('version', { descriptor: true }) },
  { what: 'two sizes in one record', reject: entry('data/0', { directory: { compressed: 20 } }), code: 'ZIP_MISMATCH', says: ['24', '20'] },
  { what: 'a deflated entry', reject: entry('data/0', { method: 8 }), code: 'ZIP_UNSUPPORTED', says: ['data/0', 'method 8', 'save its state dict'] },
  { what: 'an encrypted entry', reject: entry('data/0', { flags: 0x0801 }), code: 'ZIP_UNSUPPORTED', says: ['encryption'] },
  { what: 'the same entry twice', reject: added(part('archive/data/0')), code: 'DUPLICATE_NAME', says: ['data/0', 'two'], accept: added(part('archive/data/1')) },
  { what: 'no data.pkl', reject: zipFile([part('archive/version')]), code: 'NOT_A_TORCH_FILE', says: ['got 0'] },
  { what: 'two archives in one', reject: added(part('b/data.pkl')), code: 'NOT_A_TORCH_FILE', says: ['got 2'], accept: added(part('archive/b/data.pkl')) },
  { what: 'a TorchScript program', reject: added(part('archive/constants.pkl')), code: 'NOT_A_TORCH_FILE', says: ['TorchScript'], accept: added(part('archive/.data/serialization_id')) },
  { what: 'TorchScript code', reject: added(part('archive/code/__torch__.py')), code: 'NOT_A_TORCH_FILE', says: ['code/__torch__.py'] },
  { what: 'a pickle that is not what its CRC says', reject: entry('data.pkl', { descriptor: false, local: { crc: 7 }, directory: { crc: 7 } }), code: 'CRC_MISMATCH', says: ['CRC 7', 'download it again'], accept: entry('data.pkl', { descriptor: false, local: { crc: 0 }, directory: { crc: 0 } }) },
  { what: 'a byte order that there is not', reject: { byteorder: 'middle' }, code: 'BAD_BYTE_ORDER', says: ['"middle"'], accept: { byteorder: 'big' } },
  { what: 'a byte order of 65 bytes', reject: { byteorder: 'l'.repeat(65) }, code: 'ZIP_TOO_LARGE', says: ['64', '65'] },
  { what: 'a storage that is not there', reject: { storages: {} }, code: 'ENTRY_MISSING', says: ['[a]', 'data/0'] },
  { what: 'a storage of another size', reject: { storages: { 0: new Uint8Array(23) } }, code: 'BAD_STORAGE', says: ['24 bytes', 'got 23'] },
];

// prettier-ignore
const pickles: Case[] = [
  { what: 'os.system', reject: pickled(call('os.system', text('id'))), code: 'PICKLE_GLOBAL', says: ['os.system at offset 2 of data.pkl', 'nothing was executed'] },
  { what: 'eval behind a tensor', reject: pickled(dict(text('a'), tensorOps(), text('b'), call('builtins.eval', text('1')))), code: 'PICKLE_GLOBAL', says: ['builtins.eval at offset 164'] },
  { what: 'a harmless name that is not needed', reject: pickled(dict(text('a'), global('torch.Size'))), code: 'PICKLE_GLOBAL', says: ['torch.Size'], accept: pickled(dict(text('a'), tensorOps())) },
  { what: 'a name with a line end and no second line', reject: pickled(raw('cos')), code: 'PICKLE_DAMAGED', says: ['a line'] },
  { what: 'an attribute of an allowed module', reject: pickled(call('torch._utils._import_dotted_name', text('os'))), code: 'PICKLE_GLOBAL', says: ['_import_dotted_name'] },
  { what: 'a dotted name below an allowed one', reject: pickled(raw('ccollections\nOrderedDict.__init__.__globals__\n')), code: 'PICKLE_GLOBAL', says: ['__globals__'] },
  { what: 'a class called as a function', reject: pickled(call('torch.FloatStorage')), code: 'PICKLE_CALL', says: ['torch.FloatStorage'] },
  { what: 'OrderedDict with arguments', reject: pickled(call('collections.OrderedDict', raw(')'))), code: 'PICKLE_CALL', says: ['1 of them'], accept: pickled(call('collections.OrderedDict')) },
  { what: 'REDUCE of a number', reject: pickled(int(1), raw(')R')), code: 'PICKLE_CALL', says: ['a name and a tuple'] },
  { what: 'REDUCE without a tuple', reject: pickled(global('collections.OrderedDict'), int(1), raw('R')), code: 'PICKLE_CALL', says: ['a tuple'] },
  { what: 'BUILD of a tensor', reject: pickled(tensorOps(), dict(), raw('b')), code: 'PICKLE_CALL', says: ['attributes of a dict'], accept: pickled(dict(text('a'), tensorOps()), dict(text('_metadata'), dict()), raw('b')) },
  ...['i', 'o', '\x81', '\x92', '\x93', 'P', '\x82', '2', '0', '1', 'G', 'T', 'U', 'I', 'V', ']', 'B', '\x94', '\x95', '\x00', '\xff'].map((opcode): Case =>
    ({ what: `opcode 0x${opcode.charCodeAt(0).toString(16)}`, reject: pickled(raw('(('), raw(opcode)), code: 'PICKLE_OPCODE', says: ['at offset 4'] })),
  { what: 'protocol 4', reject: { pickle: concat(raw('\x80\x04'), dict(), raw('.')) }, code: 'PICKLE_OPCODE', says: ['protocol 2, got 4'] },
  { what: 'a second PROTO', reject: pickled(raw('\x80\x02'), dict()), code: 'PICKLE_OPCODE', says: ['0x80'] },
  { what: 'an empty pickle', reject: { pickle: new Uint8Array() }, code: 'PICKLE_DAMAGED', says: ['1 more bytes, got 0'] },
  { what: 'a pickle without STOP', reject: { pickle: concat(raw('\x80\x02'), dict()) }, code: 'PICKLE_DAMAGED', says: ['got 0'], accept: pickled(dict()) },
  { what: 'bytes behind STOP', reject: { pickle: concat(pickle(dict()), raw('N')) }, code: 'PICKLE_DAMAGED', says: ['the end of the pickle'], accept: pickled(dict()) },
  { what: 'two values', reject: pickled(raw('N'), dict()), code: 'PICKLE_DAMAGED', says: ['one value'], accept: pickled(dict()) },
  { what: 'a mark that is left', reject: pickled(raw('('), dict()), code: 'PICKLE_DAMAGED', says: ['one value'] },
  { what: 'nothing at all', reject: pickled(), code: 'PICKLE_DAMAGED', says: ['empty stack'] },
  { what: 'a value below a mark', reject: pickled(raw('}(R')), code: 'PICKLE_DAMAGED', says: ['empty stack'] },
  { what: 'TUPLE without a mark', reject: pickled(raw('t')), code: 'PICKLE_DAMAGED', says: ['a mark'] },
  { what: '101 stacked MARKs', reject: pickled(times(101, '(')), code: 'PICKLE_TOO_LARGE', says: ['100 marks'], accept: pickled(dict(text('a'), tensorOps()), dict(text('x'), times(99, '('), times(99, 't')), raw('b')) },
  { what: 'a stack of 100,001 values', reject: pickled(times(100_001, 'N')), code: 'PICKLE_TOO_LARGE', says: ['100000 values', 'offset 100002'] },
  { what: 'a memo entry that is not there', reject: pickled(raw('h\x05')), code: 'PICKLE_DAMAGED', says: ['memo entry 5'], accept: pickled(raw('}q\x05h\x05b')) },
  { what: 'a text of 4 GB', reject: pickled(raw('X\xff\xff\xff\xff')), code: 'PICKLE_DAMAGED', says: ['4294967295 more bytes'] },
  { what: 'a text that is not UTF-8', reject: pickled(dict(raw('X\x01\0\0\0\xff'), tensorOps())), code: 'PICKLE_DAMAGED', says: ['UTF-8'] },
  { what: 'an integer of 255 bytes', reject: tensor({ offset: op.long(0n, 255) }), code: 'NUMBER_TOO_LARGE', says: ['got 255'], accept: tensor({ offset: op.long(0n) }) },
  { what: 'an integer of 2^53', reject: tensor({ length: op.long(2n ** 53n) }), code: 'NUMBER_TOO_LARGE', says: ['2^53'], accept: tensor({ length: op.long(6n) }) },
  { what: 'a dict in itself', reject: pickled(raw('}q\0'), text('a'), raw('h\0s')), code: 'BAD_STATE_DICT', says: ['[a]', 'a dict of 1'] },
  { what: 'dicts ten thousand deep', reject: pickled(raw('}'), ...Array.from({ length: 10_000 }, () => concat(text('a'), raw('}'))), times(10_000, 's')), code: 'BAD_STATE_DICT', says: ['[a]', 'a dict of 1'] },
  { what: 'a memo bomb of tuples of tuples', reject: pickled(raw(')q\0'), ...Array.from({ length: 60 }, () => raw('h\0h\0\x86q\0')), times(60, '\x86')), code: 'BAD_STATE_DICT', says: ['a tuple'] },
  { what: 'an odd number of items', reject: pickled(dict(text('a'))), code: 'BAD_STATE_DICT', says: ['each with a value'], accept: pickled(dict(text('a'), tensorOps())) },
  { what: 'a number for a name', reject: pickled(dict(int(1), tensorOps())), code: 'BAD_STATE_DICT', says: ['names that are strings'] },
  { what: 'the same name twice', reject: pickled(dict(text('a'), tensorOps(), text('a'), tensorOps())), code: 'DUPLICATE_NAME', says: ['"a"', 'two'], accept: pickled(dict(text('a'), tensorOps(), text('b'), tensorOps())) },
  { what: 'items for a tuple', reject: pickled(raw(')'), text('a'), tensorOps(), raw('s')), code: 'PICKLE_CALL', says: ['a dict'] },
  { what: 'a tensor alone', reject: pickled(tensorOps()), code: 'BAD_STATE_DICT', says: ['a dict of tensors, got a tensor', 'state_dict()'] },
  { what: 'a training checkpoint', reject: pickled(dict(text('model'), dict(text('a'), tensorOps()), text('epoch'), int(3))), code: 'BAD_STATE_DICT', says: ['[model]', 'a dict of 1 values', 'state_dict()'] },
  { what: 'a number among the tensors', reject: pickled(dict(text('epoch'), int(3))), code: 'BAD_STATE_DICT', says: ['[epoch]', 'got 3'] },
  { what: 'a persistent id that is a text', reject: pickled(text('os'), raw('Q')), code: 'BAD_STORAGE', says: ["('storage'"] },
  { what: 'a storage key that is a path', reject: tensor({ key: text('../../etc/passwd') }), code: 'BAD_STORAGE', says: ["('storage'"], accept: tensor({ key: text('0') }) },
  { what: 'a storage of a dtype that is none', reject: tensor({ type: 'collections.OrderedDict' }), code: 'BAD_STORAGE', says: ['a storage class'] },
  { what: 'a quantised storage', reject: tensor({ type: 'torch.QInt8Storage' }), code: 'PICKLE_GLOBAL', says: ['torch.QInt8Storage'], accept: { ...tensor({ type: 'torch.CharStorage' }), storages: { 0: new Uint8Array(6) } } },
  { what: 'a storage of a negative length', reject: tensor({ length: int(-6) }), code: 'BAD_STORAGE', says: ['length'] },
  { what: 'an untyped storage without a dtype', reject: tensor({ type: 'torch.storage.UntypedStorage', length: int(24) }), code: 'BAD_STORAGE', says: ['known dtype'], accept: { ...tensor({ ...untyped, rest: [global('torch.uint32')] }) } },
  { what: 'a tensor of a number', reject: pickled(dict(text('a'), call('torch._utils._rebuild_tensor_v2', int(0), int(0), raw(')'), raw(')'), raw('\x89'), raw('N')))), code: 'BAD_STORAGE', says: ['got 0'] },
  { what: 'five arguments', reject: pickled(dict(text('a'), call('torch._utils._rebuild_tensor_v2', int(0), int(0), raw(')'), raw(')'), raw('\x89')))), code: 'PICKLE_CALL', says: ['5 of them'] },
  { what: 'a parameter of no tensor', reject: pickled(dict(text('a'), call('torch._utils._rebuild_parameter', raw('N'), raw('\x88'), raw('N')))), code: 'PICKLE_CALL', says: ['_rebuild_parameter'], accept: pickled(dict(text('a'), call('torch._utils._rebuild_parameter', tensorOps(), raw('\x88'), raw('N')))) },
  { what: 'a conjugate view', reject: tensor({ rest: [dict(text('conj'), raw('\x88'))] }), code: 'BAD_VIEW', says: ['conjugate'], accept: tensor({ rest: [dict()] }) },
  { what: 'a view beyond its storage', reject: tensor({ offset: int(1) }), code: 'BAD_VIEW', says: ['24 bytes', 'from 1'], accept: tensor({ offset: int(3), shape: [1, 3] }) },
  { what: 'strides beyond the storage', reject: tensor({ stride: [4, 1] }), code: 'BAD_VIEW', says: ['strides [4, 1]'], accept: tensor({ stride: [1, 2] }) },
  { what: 'a negative stride', reject: tensor({ stride: [-3, 1], offset: int(3) }), code: 'BAD_VIEW', says: ['integers >= 0'] },
  { what: 'a negative dimension', reject: tensor({ shape: [-2, 3] }), code: 'BAD_VIEW', says: ['integers >= 0'] },
  { what: 'a negative offset', reject: tensor({ offset: int(-1) }), code: 'BAD_VIEW', says: ['an offset'] },
  { what: 'fewer strides than dimensions', reject: tensor({ stride: [1] }), code: 'BAD_VIEW', says: ['as many strides'] },
  { what: 'a shape of texts', reject: tensor({ shape: op.tuple(text('2'), text('3')) }), code: 'BAD_VIEW', says: ['a shape'] },
  { what: '65 dimensions', reject: tensor({ shape: Array.from({ length: 65 }, () => 1), stride: Array.from({ length: 65 }, () => 1) }), code: 'BAD_VIEW', says: ['64'], accept: tensor({ shape: Array.from({ length: 64 }, () => 1), stride: Array.from({ length: 64 }, () => 1) }) },
  { what: 'a stride of 0 that makes a terabyte of 24 bytes', reject: tensor({ shape: [1_000_000, 1_000_000], stride: [0, 0] }), code: 'BAD_VIEW', says: ['24 bytes of its storage', '4000000000000'], accept: tensor({ shape: [2, 3], stride: [0, 1] }) },
  { what: 'a shape whose size overflows', reject: tensor({ shape: op.tuple(...Array.from({ length: 40 }, () => op.long(2n ** 52n))), stride: op.tuple(...Array.from({ length: 40 }, () => int(0))) }), code: 'BAD_VIEW', says: ['got Infinity'] },
];

describe('readTorchZip', () => {
  const cases = [...archives, ...pickles];

  it.each(cases)('refuses $what: $code', async ({ reject, code, says }) => {
    const refusal = readTorchZip(fileOf(reject), 'pytorch_model.bin');
    await expect(refusal).rejects.toMatchObject({ name: 'ModelPrepError', code, file: 'pytorch_model.bin' });
    const error: unknown = await refusal.catch((cause: unknown) => cause);
    for (const part of says) expect(String(error)).toContain(part);
    expect(String(error).length).toBeLessThan(600);
  });

  it.each(cases)('accepts the neighbour of $what', async ({ accept = good }) => {
    await expect(readTorchZip(fileOf(accept), 'x')).resolves.toHaveProperty('tensors');
  });

  it('refuses a pickle of more than 32 MiB', async () => {
    const long = torchFile(pickled(new Uint8Array(32 * 1024 * 1024).fill(0x4e)));
    await expect(readTorchZip(long, 'x')).rejects.toThrow(/data.pkl.*33554432.*ZIP_TOO_LARGE/);
  });

  it('refuses a memo of 4,000,001 values', async () => {
    const puts = new Uint8Array(4_000_001 * 5);
    const view = new DataView(puts.buffer);
    for (let i = 0; i < 4_000_001; i += 1) {
      puts[5 * i] = 'r'.charCodeAt(0);
      view.setUint32(5 * i + 1, i, true);
    }
    const refusal = readTorchZip(torchFile(pickled(raw('N'), puts)), 'x');
    await expect(refusal).rejects.toThrow(/at most 4000000 values in the memo.*PICKLE_TOO_LARGE/);
  });

  it('gives names, dtypes, shapes and places', async () => {
    const storages = { 0: new Uint8Array(24), 7: Uint8Array.of(1, 2, 3, 4) };
    const bf16 = { type: 'torch.BFloat16Storage', key: text('7'), length: int(2), shape: [], stride: [] };
    const file = torchFile({
      storages,
      pickle: pickle(dict(text('b'), tensorOps({ ...bf16, offset: int(1) }), text('a'), tensorOps())),
    });
    const { tensors, storages: places } = await readTorchZip(file, 'x');
    const [first, second] = places;
    expect([...tensors.values()]).toEqual([
      { name: 'b', dtype: 'BF16', shape: [], byteOffset: (second?.byteOffset ?? NaN) + 2, byteLength: 2 },
      { name: 'a', dtype: 'F32', shape: [2, 3], byteOffset: first?.byteOffset, byteLength: 24 },
    ]);
    expect(places.map(({ byteLength }) => byteLength)).toEqual([24, 4]);
    expect(file.subarray(second?.byteOffset, (second?.byteOffset ?? NaN) + 4)).toEqual(storages[7]);
  });

  it.each([
    ['little', '000102030c0d0e0f0405060710111213'],
    ['big', '030201000f0e0d0c0706050413121110'],
  ])('reads a transposed view of a %s-endian file as row-major and little-endian', async (byteorder, hex) => {
    const parts = tensor({ shape: [2, 2], stride: [1, 3] });
    const file = torchFile({ ...parts, byteorder });
    const view = (await readTorchZip(file, 'x')).tensors.get('a');
    const pieces: Uint8Array[] = [];
    if (view) for await (const piece of tensorBytes(file, view, 'x')) pieces.push(piece);
    expect(Buffer.concat(pieces).toString('hex')).toBe(hex);
  });

  it('reads the directory and the pickle, and no tensor', async () => {
    const file = torchFile({ storages: { 0: new Uint8Array(24), 1: new Uint8Array(1 << 20) } });
    let bytes = 0;
    const source = {
      byteLength: file.byteLength,
      slice: (begin: number, end: number) => {
        bytes += end - begin;
        return Promise.resolve(file.slice(begin, end));
      },
    };
    await readTorchZip(source, 'x');
    expect(bytes).toBeLessThan(2000);
  });
});
