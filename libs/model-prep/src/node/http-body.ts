import http from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Socket } from 'node:net';
import { PassingFailure } from './hub-connection.js';

/** What is asked of a server, and where its answer goes. */
export interface BodyRequest {
  url: URL;
  headers: OutgoingHttpHeaders;
  /** Memory for the body, used in turn. */
  blocks: readonly Uint8Array[];
  /** Milliseconds without a byte after which a connection counts as broken. */
  idleMs: number;
  signal: AbortSignal | undefined;
}

/** An answer whose body is still to come. */
export interface BodyAnswer {
  status: number;
  /** Of a header that stands there once. */
  header: (name: string) => string | null;
  /** The body in pieces, each in the next block: it may be used until as many more are asked for as there are blocks. */
  pieces: () => AsyncGenerator<Uint8Array, undefined>;
  /** Ends the connection, whatever is still to come. */
  close: () => void;
}

/**
 * Asks for `url` and resolves when the head of the answer is there. Unencrypted bodies of a length that is known are read
 * from the socket into the blocks, which takes a quarter of the processor time of streams; `node:http` reads the head, and
 * all other bodies: what is decrypted arrives also while reading is stopped, and would overwrite what is not given out
 * yet. As with `fetch`, a proxy counts where Node was told to take it from the environment (Node 24).
 *
 * @throws PassingFailure, or the error of the connection
 */
export async function requestBody(request: BodyRequest): Promise<BodyAnswer> {
  const { url, headers, blocks, idleMs, signal } = request;
  const isPlain = url.protocol === 'http:' && !usesProxy();
  const socketReader = isPlain ? new SocketReader(url, blocks) : undefined;
  const own = socketReader ? { createConnection: () => socketReader.socket } : {};
  const asked = (url.protocol === 'https:' ? https : http).request(url, {
    headers,
    ...own,
    ...(signal && { signal }),
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', (answer) => {
      socketReader?.takeOver(answer);
      resolve(answer);
    });
    asked.on('error', reject);
    asked.setTimeout(idleMs, () =>
      asked.destroy(new PassingFailure(`the hub is silent for ${idleMs / 1000} s`)),
    );
    asked.end();
  });
  // Whoever reads the pieces learns of it; a body that nobody wants may break.
  response.on('error', () => undefined);
  return {
    status: response.statusCode ?? 0,
    header: (name) => [response.headers[name]].flat()[0] ?? null,
    pieces: () => socketReader?.pieces() ?? copiedPieces(response, blocks),
    close: () => asked.destroy(),
  };
}

/** Node 24 gives its own agents the variables when it is told to use them. */
function usesProxy(): boolean {
  const agent: object = http.globalAgent;
  if (!('options' in agent) || typeof agent.options !== 'object' || agent.options === null) return false;
  return 'proxyEnv' in agent.options && Boolean(agent.options.proxyEnv);
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Gives what a socket receives to the parser of `node:http`, until an answer's head is over and its length is known. */
class SocketReader {
  readonly socket: Socket;
  /** Of the body, still to be given out; undefined as long as the parser gets what arrives. */
  private left: number | undefined;
  private turn = 0;
  /** For what the parser gets: pieces of a body that it cuts out lie in the blocks. */
  private readonly parsed: Uint8Array;
  private head: Uint8Array = new Uint8Array();
  /** What arrived and is not given out yet. */
  private arrived: Uint8Array | undefined;
  private response: IncomingMessage | undefined;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  constructor(
    url: URL,
    private readonly blocks: readonly Uint8Array[],
  ) {
    this.parsed = new Uint8Array(blocks[0]?.byteLength ?? 0);
    const onread = {
      buffer: () => (this.left === undefined ? this.parsed : this.nextBlock()),
      callback: (length: number, bytes: Uint8Array) => this.take(bytes.subarray(0, length)),
    };
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    this.socket = net.connect({ host, port: Number(url.port || 80), onread });
    this.socket.on('error', (cause) => (this.failure = cause));
    this.socket.on('close', () => {
      this.failure ??= new PassingFailure('the connection ended early');
      this.wake();
    });
  }

  /** Called by the parser, from within `take`. */
  takeOver(response: IncomingMessage): void {
    this.response = response;
    const length = response.headers['content-length'] ?? '';
    if (/^\d{1,15}$/.test(length) && response.headers['transfer-encoding'] === undefined)
      this.left = Number(length);
  }

  pieces(): AsyncGenerator<Uint8Array, undefined> | undefined {
    return this.left === undefined ? undefined : this.readBody(this.left);
  }

  private async *readBody(length: number): AsyncGenerator<Uint8Array, undefined> {
    for (let left = length; left > 0;) {
      const piece = await this.nextPiece();
      yield piece.subarray(0, left);
      left -= piece.byteLength;
    }
  }

  private async nextPiece(): Promise<Uint8Array> {
    if (!this.arrived && !this.failure) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        this.socket.resume();
      });
    }
    const piece = this.arrived;
    this.arrived = undefined;
    if (piece) return piece;
    throw this.failure ?? new PassingFailure('the connection ended early');
  }

  private nextBlock(): Uint8Array {
    const block = this.blocks[this.turn++ % this.blocks.length];
    if (!block) throw new RangeError('expected a block at least');
    return block;
  }

  /** Goes on reading? A body waits until it is asked for. */
  private take(bytes: Uint8Array): boolean {
    if (this.left === undefined) return this.parse(bytes);
    this.arrived = bytes;
    this.wake();
    return false;
  }

  private parse(bytes: Uint8Array): boolean {
    // The parser keeps what it is given, the memory is used again.
    const copy = Buffer.concat([this.head, bytes]);
    const end = this.response ? -1 : copy.indexOf(END_OF_HEAD);
    if (!this.response && end < 0 && copy.byteLength <= http.maxHeaderSize) {
      this.head = copy;
      return true;
    }
    const headEnd = end < 0 ? copy.byteLength : end + END_OF_HEAD.byteLength;
    this.head = new Uint8Array();
    this.socket.emit('data', copy.subarray(0, headEnd));
    const rest = bytes.subarray(bytes.byteLength - (copy.byteLength - headEnd));
    if (this.left === undefined) return rest.byteLength === 0 || this.parse(rest);
    if (this.left === 0 || rest.byteLength === 0) return false;
    const block = this.nextBlock();
    block.set(rest);
    return this.take(block.subarray(0, rest.byteLength));
  }
}

/** A body that the parser cuts out, copied into the blocks. */
async function* copiedPieces(
  response: IncomingMessage,
  blocks: readonly Uint8Array[],
): AsyncGenerator<Uint8Array, undefined> {
  let turn = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < chunk.byteLength;) {
      const block = blocks[turn++ % blocks.length] ?? new Uint8Array(chunk.byteLength);
      const part = chunk.subarray(at, at + block.byteLength);
      block.set(part);
      at += part.byteLength;
      yield block.subarray(0, part.byteLength);
    }
  }
}
