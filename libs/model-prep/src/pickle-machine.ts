import { ModelPrepError } from './errors.js';
import type { ModelPrepErrorCode } from './errors.js';
import { PickleDict, PickleGlobal, PickleTuple } from './pickle-value.js';
import type { PickleValue } from './pickle-value.js';
import { cut, quoted } from './shown.js';

/** What a pickle may name, and what takes the place of calling it. */
export interface PickleHost {
  /** `module.name` of every class and function that may be named. */
  globals: ReadonlySet<string>;
  /** The value of `name(*args)`. */
  call(name: string, args: readonly PickleValue[], fail: PickleFail): PickleValue;
  /** The value of a persistent id. */
  load(id: PickleValue, fail: PickleFail): PickleValue;
}

/** Throws with the offset of the opcode under the cursor. */
export type PickleFail = (code: ModelPrepErrorCode, what: string) => never;

/** Values at once on the stack. PyTorch puts 2,000 there (1,000 items of a dict), a few for each level around. */
const MAX_STACK = 100_000;
/** MARKs at once. A state dict has five. */
const MAX_MARKS = 100;
/** Memo entries. PyTorch makes about 12 for each tensor. */
const MAX_MEMO = 4_000_000;

/**
 * Stack, marks and memo of a pickle that is being read. It can build dicts, tuples and what its host makes of names,
 * and nothing else.
 */
export class PickleMachine {
  private at = 0;
  /** Where the opcode under way begins. */
  private opcodeAt = 0;
  private readonly view: DataView;
  private readonly stack: PickleValue[] = [];
  /** Heights of the stack. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
    private readonly host: PickleHost,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next opcode; errors name its offset until the one after it. */
  opcode(): number {
    this.opcodeAt = this.at;
    return this.byte();
  }

  /** The value that is left, which must be all there is. */
  result(): PickleValue {
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0 || this.at < this.bytes.byteLength) {
      this.fail('PICKLE_DAMAGED', 'expected one value and the end of the pickle, got more');
    }
    return value;
  }

  readonly fail: PickleFail = (code, what) => {
    const hint = HINTS[code];
    throw new ModelPrepError(code, `${what} at offset ${this.opcodeAt} of data.pkl`, {
      file: this.file,
      hint,
    });
  };

  byte(): number {
    return this.bytes[this.take(1)] ?? 0;
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** A little-endian integer in two's complement whose number of bytes stands before it. */
  long(): number {
    const length = this.byte();
    if (length > 8) this.fail('NUMBER_TOO_LARGE', `expected an integer of at most 8 bytes, got ${length}`);
    let value = 0n;
    for (let i = 0; i < length; i++) value |= BigInt(this.byte()) << BigInt(8 * i);
    const signed = Number(BigInt.asIntN(8 * length, value));
    if (Number.isSafeInteger(signed)) return signed;
    return this.fail('NUMBER_TOO_LARGE', `expected an integer below 2^53, got ${signed}`);
  }

  text(length: number): string {
    const begin = this.take(length);
    return this.decode(begin, begin + length);
  }

  /** Up to the end of the line, without it. */
  line(): string {
    const begin = this.at;
    const end = this.bytes.indexOf(0x0a, begin);
    if (end < 0) this.fail('PICKLE_DAMAGED', 'expected a line, got the end of the file');
    this.at = end + 1;
    return this.decode(begin, end);
  }

  push(value: PickleValue): void {
    if (this.stack.length === MAX_STACK) {
      this.fail('PICKLE_TOO_LARGE', `expected at most ${MAX_STACK} values on the stack, got more`);
    }
    this.stack.push(value);
  }

  /** The uppermost value above the last mark. */
  pop(): PickleValue {
    const value = this.stack.length > (this.marks.at(-1) ?? 0) ? this.stack.pop() : undefined;
    return value === undefined ? this.fail('PICKLE_DAMAGED', 'expected a value, got an empty stack') : value;
  }

  mark(): void {
    if (this.marks.length === MAX_MARKS) {
      this.fail('PICKLE_TOO_LARGE', `expected at most ${MAX_MARKS} marks, got more`);
    }
    this.marks.push(this.stack.length);
  }

  popToMark(): PickleValue[] {
    const height = this.marks.pop() ?? this.fail('PICKLE_DAMAGED', 'expected a mark, got none');
    return this.stack.splice(height);
  }

  tuple(length: number): void {
    const items = Array.from({ length }, () => this.pop());
    this.push(new PickleTuple(items.reverse()));
  }

  put(index: number): void {
    if (this.memo.size === MAX_MEMO) {
      this.fail('PICKLE_TOO_LARGE', `expected at most ${MAX_MEMO} values in the memo, got more`);
    }
    const value = this.pop();
    this.memo.set(index, value);
    this.stack.push(value);
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) this.fail('PICKLE_DAMAGED', `expected memo entry ${index}, got none`);
    else this.push(value);
  }

  global(): void {
    const name = `${this.line()}.${this.line()}`;
    if (!this.host.globals.has(name)) {
      this.fail('PICKLE_GLOBAL', `expected a name that a state dict needs, got ${cut(name)}`);
    }
    this.push(new PickleGlobal(name));
  }

  reduce(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!(args instanceof PickleTuple) || !(callee instanceof PickleGlobal)) {
      return this.fail('PICKLE_CALL', 'expected a name and a tuple of arguments, got something else');
    }
    this.push(this.host.call(callee.name, args.items, this.fail));
  }

  persistent(): void {
    this.push(this.host.load(this.pop(), this.fail));
  }

  /** Adds names and values in turn to the dict below them. */
  setItems(items: readonly PickleValue[]): void {
    const dict = this.pop();
    if (!(dict instanceof PickleDict))
      return this.fail('PICKLE_CALL', 'expected a dict to add to, got something else');
    for (let i = 0; i < items.length; i += 2) {
      const [name, value] = [items[i], items[i + 1]];
      if (typeof name !== 'string' || value === undefined) {
        return this.fail('BAD_STATE_DICT', 'expected names that are strings, each with a value');
      }
      if (dict.items.has(name)) this.fail('DUPLICATE_NAME', `expected one ${quoted(name)}, got two`);
      dict.items.set(name, value);
    }
    this.stack.push(dict);
  }

  /** Attributes of an OrderedDict (`_metadata`: versions of modules) are no weights. */
  build(): void {
    const state = this.pop();
    const target = this.pop();
    if (!(state instanceof PickleDict) || !(target instanceof PickleDict)) {
      return this.fail('PICKLE_CALL', 'expected attributes of a dict, got something else');
    }
    this.push(target);
  }

  /** Moves over `length` bytes and returns where they begin. */
  private take(length: number): number {
    const begin = this.at;
    if (length > this.bytes.byteLength - begin) {
      this.fail('PICKLE_DAMAGED', `expected ${length} more bytes, got ${this.bytes.byteLength - begin}`);
    }
    this.at += length;
    return begin;
  }

  private decode(begin: number, end: number): string {
    try {
      return UTF8.decode(this.bytes.subarray(begin, end));
    } catch {
      return this.fail('PICKLE_DAMAGED', 'expected UTF-8 text, got other bytes');
    }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const SAVE_AGAIN = 'save the state dict alone: torch.save(model.state_dict(), file)';
const HINTS: Partial<Record<ModelPrepErrorCode, string>> = {
  PICKLE_DAMAGED: 'the file is damaged: copy or download it again',
  PICKLE_OPCODE: SAVE_AGAIN,
  PICKLE_GLOBAL: `nothing was executed; do not open the file elsewhere unless you trust its source, then ${SAVE_AGAIN}`,
  PICKLE_CALL: SAVE_AGAIN,
  BAD_STATE_DICT: SAVE_AGAIN,
};
