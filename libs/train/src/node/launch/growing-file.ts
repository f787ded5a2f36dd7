import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const CHUNK_BYTES = 1 << 16;

/** A text file that another program writes: gives what is new, a whole line at a time. */
export class GrowingFile {
  #read = 0;
  #line = '';
  readonly #decoder = new StringDecoder('utf8');

  constructor(private readonly path: string) {}

  /** Lines that were ended since the last call; none while the file is not there yet. */
  async newLines(): Promise<string[]> {
    let file;
    try {
      file = await open(this.path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, this.#read);
        if (bytesRead === 0) break;
        this.#read += bytesRead;
        this.#line += this.#decoder.write(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
    const lines = this.#line.split('\n');
    this.#line = lines.pop() ?? '';
    return lines;
  }
}
