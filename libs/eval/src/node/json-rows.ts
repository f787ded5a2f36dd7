import { Assembler } from 'stream-json/assembler.js';
import type { Token } from 'stream-json/core/parser.js';
import { jsonTokens, unreadable } from './json-tokens.js';

/** A member of an array (`key`: its index) or of an object (`key`: its name). */
export interface Row {
  key: string | number;
  value: unknown;
}

/** How the rows lie in the file: members of an array or object, which is the document or what `under` names in it. */
export interface RowShape {
  members: 'array' | 'object';
  under?: string;
}

/**
 * Members of a large JSON file, a quarter of a megabyte of it in memory. Text that is not JSON, or of another shape:
 * `NOT_JSON`. The first occurrence of a repeated key comes first; all come.
 */
export async function* readRows(file: string, shape: RowShape): AsyncGenerator<Row> {
  const rows = new RowReader(shape);
  try {
    for await (const tokens of jsonTokens(file, { packValues: true, streamValues: false })) {
      for (const token of tokens) {
        const row = rows.take(token);
        if (row !== undefined) yield row;
      }
    }
    rows.requireEnd();
  } catch (cause) {
    const { members, under } = shape;
    throw unreadable(cause, file, under === undefined ? `an ${members}` : `an ${members} under "${under}"`);
  }
}

/** Puts a parser's tokens together to rows. */
class RowReader {
  private depth = 0;
  private key = '';
  private index = 0;
  private isAmongRows = false;
  private hasEnded = false;
  /** Of a row that is an array or object itself. */
  private assembler: Assembler | undefined;

  constructor(private readonly shape: RowShape) {}

  /** The row that ends with this token. */
  take(token: Token): Row | undefined {
    if (this.assembler !== undefined) return this.assemble(this.assembler, token);
    const { name } = token;
    if (name === 'startObject' || name === 'startArray') this.begin(token);
    else if (name === 'endObject' || name === 'endArray') this.end();
    else if (name === 'keyValue') this.key = this.depth === 1 || this.isAmongRows ? token.value : this.key;
    else if (this.isAmongRows) return this.assemble(new Assembler(), token);
    else if (this.isContainer()) throw new Error('it is a single value');
    return undefined;
  }

  requireEnd(): void {
    if (!this.hasEnded) throw new Error('it ends early');
  }

  private begin(token: Token): void {
    if (this.isAmongRows) {
      this.assembler = new Assembler();
      this.assembler.consume(token);
      return;
    }
    const isArray = token.name === 'startArray';
    if (this.isContainer()) {
      if (isArray !== (this.shape.members === 'array'))
        throw new Error(`it is an ${isArray ? 'array' : 'object'}`);
      this.isAmongRows = true;
    } else if (this.depth === 0 && isArray) throw new Error('it is an array');
    this.depth += 1;
  }

  private end(): void {
    this.depth -= 1;
    this.isAmongRows = false;
    this.hasEnded = this.depth === 0;
  }

  /** Whether the value that begins here holds the rows. */
  private isContainer(): boolean {
    const { under } = this.shape;
    return under === undefined ? this.depth === 0 : this.depth === 1 && this.key === under;
  }

  private assemble(assembler: Assembler, token: Token): Row | undefined {
    assembler.consume(token);
    if (!assembler.done) return undefined;
    this.assembler = undefined;
    const key = this.shape.members === 'array' ? this.index : this.key;
    this.index += 1;
    return { key, value: assembler.current };
  }
}
