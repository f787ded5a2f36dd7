import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { toIoError } from '@flexattn/stage';

/** `<key> <check> <value>\n`: 64 and 16 hexadecimal digits, JSON text. */
const KEY_LENGTH = 64;
const CHECK_LENGTH = 16;
const VALUE_AT = KEY_LENGTH + 1 + CHECK_LENGTH + 1;
const NEWLINE = 0x0a;

/**
 * Values by key in a folder, there as soon as `keep` returns, however the process ends. Every process appends to a file of
 * its own, so that any number of them may share the folder, on a network file system too. A line that was torn or damaged
 * fails its check and is none. Values stay on the disk; memory holds where they are.
 */
export interface Journal {
  get(key: string): Promise<unknown>;
  has(key: string): boolean;
  keep(key: string, value: unknown): Promise<void>;
  close(): Promise<void>;
}

interface Place {
  file: string;
  offset: number;
  length: number;
}

/** Opens the journal of a folder, which is made where it is missing. */
export async function openJournal(folder: string): Promise<Journal> {
  const places = new Map<string, Place>();
  try {
    await mkdir(folder, { recursive: true });
    for (const name of (await readdir(folder)).sort()) await index(join(folder, name), places);
  } catch (cause) {
    throw toIoError(cause, folder);
  }
  return new FolderJournal(folder, places);
}

class FolderJournal implements Journal {
  private readonly readers = new Map<string, Promise<FileHandle>>();
  private writer: { file: string; handle: FileHandle; size: number } | undefined;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly folder: string,
    private readonly places: Map<string, Place>,
  ) {}

  has(key: string): boolean {
    return this.places.has(key);
  }

  async get(key: string): Promise<unknown> {
    const place = this.places.get(key);
    if (place === undefined) return undefined;
    const reader = this.readers.get(place.file) ?? open(place.file, 'r');
    this.readers.set(place.file, reader);
    const { buffer } = await (await reader).read(Buffer.alloc(place.length), 0, place.length, place.offset);
    return JSON.parse(buffer.toString());
  }

  keep(key: string, value: unknown): Promise<void> {
    const write = this.last.then(() => this.append(key, Buffer.from(JSON.stringify(value))));
    // A failed write is its caller's; the next one is tried.
    this.last = write.catch(() => undefined);
    return write;
  }

  async close(): Promise<void> {
    await this.last;
    await this.writer?.handle.sync();
    for (const handle of [this.writer?.handle, ...this.readers.values()]) await (await handle)?.close();
  }

  private async append(key: string, value: Buffer): Promise<void> {
    const line = Buffer.concat([Buffer.from(`${key} ${checkOf(key, value)} `), value, Buffer.from('\n')]);
    try {
      this.writer ??= await newFile(this.folder);
      const { file, handle, size } = this.writer;
      await handle.appendFile(line);
      this.writer.size += line.length;
      this.places.set(key, { file, offset: size + VALUE_AT, length: value.length });
    } catch (cause) {
      // What was written of the line stays behind; the next one begins another file.
      await this.writer?.handle.close();
      this.writer = undefined;
      throw toIoError(cause, this.folder);
    }
  }
}

async function newFile(folder: string): Promise<{ file: string; handle: FileHandle; size: number }> {
  const file = join(folder, `${randomBytes(8).toString('hex')}.jsonl`);
  return { file, handle: await open(file, 'ax'), size: 0 };
}

/** Notes where the intact lines of a file have their values. */
async function index(file: string, places: Map<string, Place>): Promise<void> {
  let start = 0;
  let parts: Buffer[] = [];
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...parts, chunk.subarray(from, end)]);
      note(line, file, start, places);
      start += line.length + 1;
      parts = [];
      from = end + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
}

function note(line: Buffer, file: string, start: number, places: Map<string, Place>): void {
  const [key = '', check] = line
    .subarray(0, VALUE_AT - 1)
    .toString('latin1')
    .split(' ');
  const value = line.subarray(VALUE_AT);
  if (key.length !== KEY_LENGTH || check !== checkOf(key, value)) return;
  places.set(key, { file, offset: start + VALUE_AT, length: value.length });
}

function checkOf(key: string, value: Buffer): string {
  return createHash('sha256').update(key).update(value).digest('hex').slice(0, CHECK_LENGTH);
}
