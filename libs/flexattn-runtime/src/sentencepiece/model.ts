import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { RuntimeError } from '../error.js';
import { CharacterMap } from './character-map.js';

/** What a piece of the vocabulary is for (`SentencePiece.Type` of sentencepiece_model.proto). */
export type PieceType = 'NORMAL' | 'UNKNOWN' | 'CONTROL' | 'USER_DEFINED' | 'UNUSED' | 'BYTE';

/** One piece; its place in the list is its id. */
export interface Piece {
  piece: string;
  score: number;
  type: PieceType;
}

/** How text is changed before it is cut into pieces (`NormalizerSpec`). */
export interface NormalizerSpec {
  /** Undefined where there are none. */
  rules: CharacterMap | undefined;
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  escapeWhitespaces: boolean;
}

/** A `tokenizer.model` of SentencePiece, of type BPE. */
export interface SentencePieceModel {
  pieces: Piece[];
  normalizer: NormalizerSpec;
  /** Unknown characters become their bytes. */
  byteFallback: boolean;
  /** -1 where there is none. */
  unkId: number;
  bosId: number;
  eosId: number;
  /** What an unknown piece decodes to. */
  unkSurface: string;
}

const PIECE_TYPES: Readonly<Record<number, PieceType>> = {
  1: 'NORMAL',
  2: 'UNKNOWN',
  3: 'CONTROL',
  4: 'USER_DEFINED',
  5: 'UNUSED',
  6: 'BYTE',
};
const MODEL_TYPES: Readonly<Record<number, string>> = { 1: 'UNIGRAM', 2: 'BPE', 3: 'WORD', 4: 'CHAR' };

/** Values of a message's fields by number; of a field that comes twice, both. */
type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/**
 * Reads a `tokenizer.model`: a protocol buffer of the schema `sentencepiece_model.proto`.
 *
 * @param file - named in errors
 * @throws RuntimeError TOKENIZER_INVALID: no such file's content, or a model of another type than BPE
 */
export function readSentencePieceModel(bytes: Uint8Array, file: string): SentencePieceModel {
  const model = readOrThrow(bytes, file);
  const bad = (what: string, hint: string) => new RuntimeError('TOKENIZER_INVALID', what, { file, hint });
  if (model.type !== 'BPE') {
    const what = `expected a SentencePiece model of type BPE, got ${model.type}`;
    throw bad(what, 'LLaVA and LLaMA use BPE; save the tokenizer as tokenizer.json');
  }
  if (model.treatWhitespaceAsSuffix) {
    const what = 'expected a model that marks spaces in front of words, got treat_whitespace_as_suffix';
    throw bad(what, 'save the tokenizer as tokenizer.json');
  }
  if (model.byteFallback && model.pieces.filter(({ type }) => type === 'BYTE').length !== 256) {
    throw bad('expected 256 byte pieces, as byte_fallback is set', "copy the checkpoint's own file");
  }
  const unknown = model.pieces[model.unkId];
  if (unknown?.type !== 'UNKNOWN') {
    throw bad(`expected the unknown piece at id ${model.unkId}`, "copy the checkpoint's own file");
  }
  return model;
}

/** A model with what decides whether we can use it. */
interface AnyModel extends SentencePieceModel {
  type: string;
  treatWhitespaceAsSuffix: boolean;
}

function readOrThrow(bytes: Uint8Array, file: string): AnyModel {
  try {
    return modelOf(readFields(bytes));
  } catch (cause) {
    const what = `expected a SentencePiece model: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new RuntimeError('TOKENIZER_INVALID', what, {
      file,
      hint: "copy the checkpoint's own tokenizer.model",
      cause,
    });
  }
}

/** Numbers and defaults of the fields are those of sentencepiece_model.proto. */
function modelOf(fields: Fields): AnyModel {
  const pieces = (fields.get(1) ?? []).map((value) => pieceOf(readFields(bytesOf(value))));
  if (pieces.length === 0) throw new Error('no pieces');
  const trainer = readFields(bytesOf(lastOf(fields, 2)));
  const normalizer = readFields(bytesOf(lastOf(fields, 3)));
  const modelType = numberOf(trainer, 3, 1);
  return {
    pieces,
    type: MODEL_TYPES[modelType] ?? `${modelType}`,
    treatWhitespaceAsSuffix: numberOf(trainer, 24, 0) !== 0,
    normalizer: {
      rules: rulesOf(bytesOf(lastOf(normalizer, 2))),
      addDummyPrefix: numberOf(normalizer, 3, 1) !== 0,
      removeExtraWhitespaces: numberOf(normalizer, 4, 1) !== 0,
      escapeWhitespaces: numberOf(normalizer, 5, 1) !== 0,
    },
    byteFallback: numberOf(trainer, 35, 0) !== 0,
    unkId: numberOf(trainer, 40, 0),
    bosId: numberOf(trainer, 41, 1),
    eosId: numberOf(trainer, 42, 2),
    unkSurface: trainer.has(44) ? textOf(lastOf(trainer, 44)) : ' \u{2047} ',
  };
}

function rulesOf(precompiledCharsmap: Uint8Array): CharacterMap | undefined {
  return precompiledCharsmap.length === 0 ? undefined : new CharacterMap(precompiledCharsmap);
}

function pieceOf(fields: Fields): Piece {
  const code = numberOf(fields, 3, 1);
  const type = PIECE_TYPES[code];
  if (type === undefined) throw new Error(`a piece of type ${code}`);
  return { piece: textOf(lastOf(fields, 1)), score: numberOf(fields, 2, 0), type };
}

/** Every field of one message; a 32-bit field is a float, as all of this schema are. */
function readFields(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (number | Uint8Array)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    if (type === WireType.LengthDelimited) values.push(reader.bytes());
    else if (type === WireType.Varint) values.push(reader.int32());
    else if (type === WireType.Bit32) values.push(reader.float());
    else reader.skip(type, number);
  }
  if (reader.pos !== reader.len) throw new Error('a field that goes beyond its message');
  return fields;
}

function lastOf(fields: Fields, number: number): number | Uint8Array | undefined {
  return fields.get(number)?.at(-1);
}

function numberOf(fields: Fields, number: number, fallback: number): number {
  const value = lastOf(fields, number) ?? fallback;
  if (typeof value !== 'number') throw new Error(`bytes in field ${number}, where a number belongs`);
  return value;
}

function bytesOf(value: number | Uint8Array | undefined): Uint8Array {
  if (typeof value === 'number') throw new Error('a number where bytes belong');
  return value ?? new Uint8Array(0);
}

function textOf(value: number | Uint8Array | undefined): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesOf(value));
}
