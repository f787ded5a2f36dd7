import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does with a request in place of answering it as the hub does. */
export type Fault =
  | { status: number; headers?: Record<string, string> }
  /** Closes the connection after so many bytes of the body. */
  | { breakAfter: number; ignoreRange?: boolean }
  /** Never answers. */
  | 'silent'
  /** Sends no more after so many bytes of the body. */
  | { silentAfter: number }
  /** Answers ranges with the whole file. */
  | 'ignore-range'
  /** Answers a range with another one. */
  | 'other-range'
  /** One byte of the body is another. */
  | 'wrong-byte'
  /** A byte more than there should be. */
  | 'too-long'
  /** Sends to another server, as the hub does for large files. */
  | { redirect: string }
  | { body: string };

/** A request as the server saw it. */
export interface Seen {
  path: string;
  range: string | undefined;
  authorization: string | undefined;
}

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** A hub with one repository, `owner/name`, for tests. */
export class HubServer {
  readonly seen: Seen[] = [];
  /** Asked before every answer. */
  fault: (seen: Seen, count: number) => Fault | undefined = () => undefined;
  commit = COMMIT;
  private readonly server: Server;

  /** @param files of the repository, by path; those of 1 kB and more are large files */
  constructor(readonly files: Record<string, Uint8Array>) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Requests for files, not for names. */
  fetched(): Seen[] {
    return this.seen.filter(({ path }) => path.includes('/resolve/'));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://hub');
    const { range, authorization } = request.headers;
    const seen: Seen = { path: url.pathname, range, authorization };
    this.seen.push(seen);
    const fault = this.fault(seen, this.seen.filter(({ path }) => path === seen.path).length);
    if (fault === 'silent') return;
    if (typeof fault === 'object' && 'status' in fault) {
      response.writeHead(fault.status, fault.headers).end('{"error": "no"}');
    } else if (typeof fault === 'object' && 'redirect' in fault) {
      response.writeHead(302, { location: fault.redirect + url.pathname }).end();
    } else if (typeof fault === 'object' && 'body' in fault) {
      response.end(fault.body);
    } else if (url.pathname.startsWith('/api/models/owner/name/revision/')) {
      const info = { _id: '1', id: 'owner/name', sha: this.commit, lastModified: '2024-01-01T00:00:00Z' };
      response.end(JSON.stringify(info));
    } else if (url.pathname === `/api/models/owner/name/tree/${this.commit}`) {
      this.list(url, response);
    } else {
      this.send(
        decodeURIComponent(url.pathname.slice(`/owner/name/resolve/${this.commit}/`.length)),
        range,
        fault,
        response,
      );
    }
  }

  /** Two names a page. */
  private list(url: URL, response: ServerResponse): void {
    const at = Number(url.searchParams.get('cursor') ?? 0);
    const names = Object.keys(this.files).sort();
    const page = names.slice(at, at + 2).map((path) => entryOf(path, this.files[path] ?? new Uint8Array()));
    if (at + 2 < names.length) {
      const { port } = this.server.address() as AddressInfo;
      const next = `http://127.0.0.1:${port}${url.pathname}?recursive=true&cursor=${at + 2}`;
      response.setHeader('Link', `<${next}>; rel="next"`);
    }
    response.end(JSON.stringify(page));
  }

  private send(
    path: string,
    range: string | undefined,
    fault: Fault | undefined,
    response: ServerResponse,
  ): void {
    let bytes = this.files[path];
    if (!bytes) return void response.writeHead(404).end();
    const isWhole = fault === 'ignore-range' || (typeof fault === 'object' && 'ignoreRange' in fault);
    let begin = range === undefined || isWhole ? 0 : Number(/\d+/.exec(range)?.[0]);
    if (fault === 'other-range' && begin > 0) begin -= 1;
    if (range !== undefined && !isWhole) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${begin}-${bytes.length - 1}/${bytes.length}`);
    }
    if (fault === 'too-long') bytes = new Uint8Array([...bytes, 0]);
    let body = bytes.subarray(begin);
    if (fault === 'wrong-byte') body = Uint8Array.from(body, (byte, i) => (i === 5 ? byte ^ 1 : byte));
    if (typeof fault === 'object' && 'silentAfter' in fault) {
      response.setHeader('content-length', body.length);
      return void response.write(body.subarray(0, fault.silentAfter));
    }
    if (typeof fault !== 'object' || !('breakAfter' in fault)) return void response.end(body);
    response.setHeader('content-length', body.length);
    response.write(body.subarray(0, fault.breakAfter), () => response.destroy());
  }
}

function entryOf(path: string, bytes: Uint8Array): object {
  const sha1 = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const entry = { type: 'file', path, size: bytes.length, oid: sha1 };
  if (bytes.length < 1000) return entry;
  const oid = createHash('sha256').update(bytes).digest('hex');
  return { ...entry, lfs: { oid, size: bytes.length, pointerSize: 130 } };
}
