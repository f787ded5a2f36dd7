import type { ModelPrepErrorCode } from './errors.js';
import { MAX_HEADER_BYTES } from './safetensors-header.js';
import { safetensorsFile as file } from './safetensors-file.fixture.js';
import { MAX_NAME_LENGTH } from './tensor-entry.js';

/** The entry of tensor `a`: two float32 by default. */
export const a = (fields: Record<string, string> = {}): string =>
  `"a":${object({ dtype: '"F32"', shape: '[2]', data_offsets: '[0,8]', ...fields })}`;
/** The entry of tensor `b`: float32. */
export const b = (begin: number, end: number, n = 1): string =>
  `"b":${object({ dtype: '"F32"', shape: `[${n}]`, data_offsets: `[${begin},${end}]` })}`;
const object = (fields: Record<string, string>): string =>
  `{${Object.entries(fields)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',')}}`;
const ones = (n: number): string => `[${Array.from({ length: n }, () => 1).join(',')}]`;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const latin1 = Uint8Array.from('{"caf\u00e9":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', (c) =>
  c.charCodeAt(0),
);

/** A file that is refused, and one beside it that is not. */
export interface HostileFile {
  what: string;
  reject: ArrayBuffer;
  code: ModelPrepErrorCode;
  item?: string;
  /** Parts of the message: expected and got. */
  says: string[];
  accept: ArrayBuffer;
}

/** A file of one tensor. */
export const good = file(`{${a()}}`, 8);

// One case a line reads as the table that it is.
// prettier-ignore
export const hostileFiles: HostileFile[] = [
  { what: 'an empty file', reject: new ArrayBuffer(0), code: 'FILE_TRUNCATED', says: ['8', 'got 0'], accept: file('{}') },
  { what: '7 bytes', reject: good.slice(0, 7), code: 'FILE_TRUNCATED', says: ['8', 'got 7'], accept: good },
  { what: 'a header without its last byte', reject: file('{}').slice(0, 9), code: 'FILE_TRUNCATED', says: ['10', '9'], accept: file('{}') },
  { what: 'a header length beyond the file', reject: file('{}', 0, 3n), code: 'FILE_TRUNCATED', says: ['11', '10'], accept: file('{} ', 0, 3n) },
  { what: 'a header length of 2^64-1', reject: file('{}', 0, 2n ** 64n - 1n), code: 'HEADER_TOO_LARGE', says: ['18446744073709551615', '100000000'], accept: file('{}') },
  { what: 'a header length just over the limit', reject: file('{}', 0, BigInt(MAX_HEADER_BYTES) + 1n), code: 'HEADER_TOO_LARGE', says: ['100000001'], accept: file('{}') },
  { what: 'a header of 0 bytes', reject: file(''), code: 'HEADER_TOO_SMALL', says: ['0 bytes', '2'], accept: file('{}') },
  { what: 'a header of 1 byte', reject: file('{'), code: 'HEADER_TOO_SMALL', says: ['1 bytes'], accept: file('{}') },
  { what: 'Latin-1 text', reject: file(latin1, 4), code: 'HEADER_NOT_UTF8', says: ['UTF-8'], accept: file(utf8(String.fromCharCode(...latin1)), 4) },
  { what: 'half of a UTF-8 character', reject: file(utf8('{"é":1}').slice(0, 3)), code: 'HEADER_NOT_UTF8', says: ['UTF-8'], accept: file(utf8('{"é":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}')) },
  { what: 'a byte order mark', reject: file(`\ufeff{${a()}}`, 8), code: 'HEADER_NOT_JSON', says: ['"{"'], accept: good },
  { what: 'a space before the header', reject: file(` {${a()}}`, 8), code: 'HEADER_NOT_JSON', says: ['"{"'], accept: file(`{ ${a()}}`, 8) },
  { what: 'an array', reject: file('[]'), code: 'HEADER_NOT_JSON', says: ['"["'], accept: file('{}') },
  { what: 'text behind the header', reject: file(`{${a()}}x`, 8), code: 'HEADER_NOT_JSON', says: ['only spaces', '"x"'], accept: file(`{${a()}}    `, 8) },
  { what: 'line breaks as padding', reject: file(`{${a()}}\n`, 8), code: 'HEADER_NOT_JSON', says: ['only spaces'], accept: file(`{\n${a()}\n} `, 8) },
  { what: 'NUL as padding', reject: file(`{${a()}}\0`, 8), code: 'HEADER_NOT_JSON', says: ['only spaces'], accept: file(`{${a()}} `, 8) },
  { what: 'an object that is not closed', reject: file(`{${a()}`, 8), code: 'HEADER_NOT_JSON', says: ['"}"', 'the end'], accept: good },
  { what: 'a trailing comma', reject: file(`{${a()},}`, 8), code: 'HEADER_NOT_JSON', says: ['a string', '"}"'], accept: file(`{${a()},${b(8, 12)}}`, 12) },
  { what: 'no comma between tensors', reject: file(`{${a()}${b(8, 12)}}`, 12), code: 'HEADER_NOT_JSON', says: ['"}"'], accept: file(`{${a()} , ${b(8, 12)}}`, 12) },
  { what: 'a name without quotes', reject: file('{a:1}'), code: 'HEADER_NOT_JSON', says: ['a string'], accept: file('{}') },
  { what: 'a raw line break in a name', reject: file('{"a\n":1}'), code: 'HEADER_NOT_JSON', says: ['not closed'], accept: file('{"a\\n":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', 1) },
  { what: 'an unknown escape', reject: file('{"\\x61":1}'), code: 'HEADER_NOT_JSON', says: ['escaped'], accept: file('{"\\u0061":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', 1) },
  { what: 'half a surrogate pair', reject: file('{"\\ud83d":{}}'), code: 'HEADER_NOT_JSON', says: ['surrogate'], accept: file('{"\\ud83d\\ude00":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', 1) },
  { what: 'a tensor that is a number', reject: file('{"a":1}'), code: 'HEADER_NOT_JSON', item: 'a', says: ['an object', 'got "1"'], accept: good },
  { what: 'a tensor that is null', reject: file('{"a":null}'), code: 'HEADER_NOT_JSON', item: 'a', says: ['an object', 'got "n"'], accept: good },
  { what: 'the same tensor twice', reject: file(`{${a()},${a()}}`, 8), code: 'DUPLICATE_NAME', item: 'a', says: ['one', 'two'], accept: file(`{${a()},${b(8, 12)}}`, 12) },
  { what: 'the same tensor twice, once escaped', reject: file(`{${a()},${a().replace('a', '\\u0061')}}`, 8), code: 'DUPLICATE_NAME', item: 'a', says: ['two'], accept: file(`{${a()},${b(8, 12).replace('b', '\\u0062')}}`, 12) },
  { what: '__proto__ twice', reject: file(`{${a().replace('a', '__proto__')},${a().replace('a', '__proto__')}}`, 8), code: 'DUPLICATE_NAME', item: '__proto__', says: ['two'], accept: file(`{${a().replace('a', '__proto__')}}`, 8) },
  { what: 'metadata twice', reject: file('{"__metadata__":{},"__metadata__":{}}'), code: 'DUPLICATE_NAME', item: '__metadata__', says: ['two'], accept: file('{"__metadata__":{}}') },
  { what: 'a metadata key twice', reject: file('{"__metadata__":{"k":"1","k":"1"}}'), code: 'DUPLICATE_NAME', item: '__metadata__', says: ['"k"', 'two'], accept: file('{"__metadata__":{"k":"1","l":"1"}}') },
  { what: 'metadata that is a list', reject: file('{"__metadata__":[]}'), code: 'BAD_METADATA', item: '__metadata__', says: ['an object', 'got "["'], accept: file('{"__metadata__":{}}') },
  { what: 'a number in metadata', reject: file('{"__metadata__":{"k":1}}'), code: 'BAD_METADATA', item: '__metadata__', says: ['a string', 'got "1"'], accept: file('{"__metadata__":{"k":"1"}}') },
  { what: 'dtype twice', reject: file(`{"a":{"dtype":"F32",${a().slice(5)}}`, 8), code: 'DUPLICATE_NAME', item: 'a', says: ['one dtype'], accept: good },
  { what: 'a field that the format does not have', reject: file(`{${a({ stride: '[1]' })}}`, 8), code: 'UNKNOWN_FIELD', item: 'a', says: ['data_offsets', '"stride"'], accept: good },
  { what: 'the field dataOffsets', reject: file('{"a":{"dtype":"F32","shape":[2],"dataOffsets":[0,8]}}', 8), code: 'UNKNOWN_FIELD', item: 'a', says: ['"dataOffsets"'], accept: good },
  { what: 'no dtype', reject: file('{"a":{"shape":[2],"data_offsets":[0,8]}}', 8), code: 'MISSING_FIELD', item: 'a', says: ['dtype', 'shape, data_offsets'], accept: good },
  { what: 'no shape', reject: file('{"a":{"dtype":"F32","data_offsets":[0,8]}}', 8), code: 'MISSING_FIELD', item: 'a', says: ['got only dtype, data_offsets'], accept: good },
  { what: 'no data_offsets', reject: file('{"a":{"dtype":"F32","shape":[2]}}', 8), code: 'MISSING_FIELD', item: 'a', says: ['got only dtype, shape'], accept: good },
  { what: 'an empty tensor entry', reject: file('{"a":{}}'), code: 'MISSING_FIELD', item: 'a', says: ['nothing'], accept: good },
  { what: 'a dtype in small letters', reject: file(`{${a({ dtype: '"f32"' })}}`, 8), code: 'BAD_DTYPE', item: 'a', says: ['F32', '"f32"'], accept: good },
  { what: 'a dtype of half bytes', reject: file(`{${a({ dtype: '"F4"' })}}`, 1), code: 'BAD_DTYPE', item: 'a', says: ['"F4"'], accept: file(`{${a({ dtype: '"I8"', data_offsets: '[0,2]' })}}`, 2) },
  { what: 'a dtype named like a method', reject: file(`{${a({ dtype: '"toString"' })}}`, 8), code: 'BAD_DTYPE', item: 'a', says: ['"toString"'], accept: good },
  { what: 'a dtype that is a number', reject: file(`{${a({ dtype: '32' })}}`, 8), code: 'BAD_DTYPE', item: 'a', says: ['a string', 'got "3"'], accept: good },
  { what: 'a shape that is a number', reject: file(`{${a({ shape: '2' })}}`, 8), code: 'BAD_SHAPE', item: 'a', says: ['an array', 'got "2"'], accept: good },
  { what: 'a negative dimension', reject: file(`{${a({ shape: '[-2]' })}}`, 8), code: 'BAD_SHAPE', item: 'a', says: ['>= 0', '-2'], accept: good },
  { what: 'a dimension of 2.0', reject: file(`{${a({ shape: '[2.0]' })}}`, 8), code: 'BAD_SHAPE', item: 'a', says: ['integers', '2.0'], accept: good },
  { what: 'a dimension of 2e0', reject: file(`{${a({ shape: '[2e0]' })}}`, 8), code: 'BAD_SHAPE', item: 'a', says: ['2e0'], accept: good },
  { what: 'a dimension of -0', reject: file(`{${a({ shape: '[-0]', data_offsets: '[0,0]' })}}`), code: 'BAD_SHAPE', item: 'a', says: ['-0'], accept: file(`{${a({ shape: '[0]', data_offsets: '[0,0]' })}}`) },
  { what: 'a dimension with a leading zero', reject: file(`{${a({ shape: '[02]' })}}`, 8), code: 'HEADER_NOT_JSON', says: ['"]"', '"2"'], accept: good },
  { what: 'a dimension that is a string', reject: file(`{${a({ shape: '["2"]' })}}`, 8), code: 'BAD_SHAPE', item: 'a', says: ['integers', '"'], accept: good },
  { what: '65 dimensions', reject: file(`{${a({ shape: ones(65), data_offsets: '[0,4]' })}}`, 4), code: 'BAD_SHAPE', item: 'a', says: ['at most 64', 'shape'], accept: file(`{${a({ shape: ones(64), data_offsets: '[0,4]' })}}`, 4) },
  { what: 'a dimension of 2^53', reject: file(`{${a({ shape: '[9007199254740992]' })}}`, 8), code: 'NUMBER_TOO_LARGE', item: 'a', says: ['2^53', '9007199254740992'], accept: file(`{${a({ shape: '[9007199254740991,0]', data_offsets: '[0,0]' })}}`) },
  { what: 'a dimension of 2^53 beside one of 0', reject: file(`{${a({ shape: '[9007199254740992,0]', data_offsets: '[0,0]' })}}`), code: 'NUMBER_TOO_LARGE', item: 'a', says: ['2^53'], accept: file(`{${a({ shape: '[9007199254740991,0]', data_offsets: '[0,0]' })}}`) },
  { what: 'an offset of 2^53+1, which doubles round', reject: file(`{${a({ data_offsets: '[0,9007199254740993]' })}}`, 8), code: 'NUMBER_TOO_LARGE', item: 'a', says: ['9007199254740993'], accept: good },
  { what: 'dimensions whose product overflows', reject: file(`{${a({ shape: '[4294967296,4294967296]' })}}`, 8), code: 'NUMBER_TOO_LARGE', item: 'a', says: ['2^53', '[4294967296, 4294967296]'], accept: file(`{${a({ shape: '[4294967296,4294967296,0]', data_offsets: '[0,0]' })}}`) },
  { what: 'a product that wraps to 8 in 64 bits', reject: file(`{${a({ dtype: '"U8"', shape: '[2305843009213693953,8]' })}}`, 8), code: 'NUMBER_TOO_LARGE', item: 'a', says: ['2^53'], accept: file(`{${a({ dtype: '"U8"', shape: '[1,8]' })}}`, 8) },
  { what: 'one offset', reject: file(`{${a({ data_offsets: '[8]' })}}`, 8), code: 'BAD_OFFSETS', item: 'a', says: ['[begin, end]', '[8]'], accept: good },
  { what: 'three offsets', reject: file(`{${a({ data_offsets: '[0,8,16]' })}}`, 8), code: 'BAD_OFFSETS', item: 'a', says: ['at most 2', 'data_offsets'], accept: good },
  { what: 'offsets in the wrong order', reject: file(`{${a({ data_offsets: '[8,0]' })}}`, 8), code: 'BAD_OFFSETS', item: 'a', says: ['begin <= end', '[8, 0]'], accept: good },
  { what: 'a negative offset', reject: file(`{${a({ data_offsets: '[-8,0]' })}}`, 8), code: 'BAD_OFFSETS', item: 'a', says: ['-8'], accept: good },
  { what: 'offsets that are null', reject: file(`{${a({ data_offsets: 'null' })}}`, 8), code: 'BAD_OFFSETS', item: 'a', says: ['an array', 'got "n"'], accept: good },
  { what: 'a range of another length than the shape', reject: file(`{${a({ shape: '[3]' })}}`, 8), code: 'SIZE_MISMATCH', item: 'a', says: ['12 bytes', 'hold 8'], accept: good },
  { what: 'a range of another length than the dtype', reject: file(`{${a({ dtype: '"F16"' })}}`, 8), code: 'SIZE_MISMATCH', item: 'a', says: ['4 bytes', 'hold 8'], accept: file(`{${a({ dtype: '"F16"', data_offsets: '[0,4]' })}}`, 4) },
  { what: 'bytes for a tensor without elements', reject: file(`{${a({ shape: '[0]' })}}`, 8), code: 'SIZE_MISMATCH', item: 'a', says: ['0 bytes', 'hold 8'], accept: file(`{${a({ shape: '[0]', data_offsets: '[0,0]' })}}`) },
  { what: 'two tensors on the same bytes', reject: file(`{${a()},${b(0, 8, 2)}}`, 8), code: 'OVERLAP', item: 'b', says: ['begin at 8', 'got 0'], accept: file(`{${a()},${b(8, 16, 2)}}`, 16) },
  { what: 'a tensor that begins in another', reject: file(`{${a()},${b(4, 8)}}`, 8), code: 'OVERLAP', item: 'b', says: ['begin at 8', 'got 4'], accept: file(`{${a()},${b(8, 12)}}`, 12) },
  { what: 'a hole between tensors', reject: file(`{${a()},${b(12, 16)}}`, 16), code: 'HOLE', item: 'b', says: ['begin at 8', 'got 12'], accept: file(`{${b(8, 12)},${a()}}`, 12) },
  { what: 'a hole before the first tensor', reject: file(`{${b(4, 8)}}`, 8), code: 'HOLE', item: 'b', says: ['begin at 0', 'got 4'], accept: file(`{${b(0, 4)}}`, 4) },
  { what: 'an empty tensor in a hole', reject: file(`{${a()},${b(9, 9, 0)}}`, 9), code: 'HOLE', item: 'b', says: ['begin at 8', 'got 9'], accept: file(`{${a()},${b(8, 8, 0)}}`, 8) },
  { what: 'data without its last byte', reject: good.slice(0, -1), code: 'FILE_TRUNCATED', item: 'a', says: ['ends at 8', '7 bytes'], accept: good },
  { what: 'no data at all', reject: file(`{${a()}}`), code: 'FILE_TRUNCATED', item: 'a', says: ['ends at 8', '0 bytes'], accept: good },
  { what: 'a byte behind the data', reject: file(`{${a()}}`, 9), code: 'TRAILING_BYTES', says: ['expected 8', 'got 9'], accept: good },
  { what: 'a tensor that is nested ten thousand deep', reject: file(`{"a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_001)}`), code: 'UNKNOWN_FIELD', item: 'a', says: ['got "a"'], accept: good },
  { what: 'a shape that is nested ten thousand deep', reject: file(`{${a({ shape: '['.repeat(10_000) + ']'.repeat(10_000) })}}`, 8), code: 'BAD_SHAPE', item: 'a', says: ['integers', 'got "["'], accept: good },
  { what: 'metadata that are nested', reject: file('{"__metadata__":{"k":{"l":"1"}}}'), code: 'BAD_METADATA', item: '__metadata__', says: ['a string for "k"', 'got "{"'], accept: file('{"__metadata__":{"k":"{\\"l\\":1}"}}') },
  { what: 'a name of ten million characters', reject: file(`{${a().replace('a', 'n'.repeat(10_000_000))}}`, 8), code: 'NAME_TOO_LONG', says: ['at most 4096', 'got 10000000'], accept: file(`{${a().replace('a', 'n'.repeat(MAX_NAME_LENGTH))}}`, 8) },
  { what: 'metadata of ten million characters without an end', reject: file(`{"__metadata__":{"k":"${'v'.repeat(10_000_000)}`), code: 'HEADER_NOT_JSON', says: ['not closed'], accept: file(`{"__metadata__":{"k":"${'v'.repeat(10_000_000)}"}}`) },
  { what: 'a dimension of a million digits', reject: file(`{${a({ shape: `[${'1'.repeat(1_000_000)}]` })}}`, 8), code: 'NUMBER_TOO_LARGE', item: 'a', says: ['111...'], accept: good },
  { what: 'a million dimensions', reject: file(`{${a({ shape: ones(1_000_000) })}}`, 8), code: 'BAD_SHAPE', item: 'a', says: ['at most 64'], accept: good },
  { what: 'a dtype of half a byte', reject: file(`{${a({ dtype: '"F4"', data_offsets: '[0,1]' })}}`, 1), code: 'BAD_DTYPE', item: 'a', says: ['F8_E4M3', '"F4"'], accept: file(`{${a({ dtype: '"F8_E5M2FNUZ"', data_offsets: '[0,2]' })}}`, 2) },
  { what: 'data without a tensor', reject: file('{}', 1), code: 'TRAILING_BYTES', says: ['expected 0', 'got 1'], accept: file('{}') },
];
