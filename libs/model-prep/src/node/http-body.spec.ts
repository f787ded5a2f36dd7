import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { requestBody } from './http-body.js';
import type { BodyRequest } from './http-body.js';

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  vi.restoreAllMocks();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => (server?.listening ? server.close(resolve) : resolve(undefined)));
});

/** Answers every connection as `answer` does, once its request is there. */
async function serve(answer: (socket: Socket) => void, secure?: tls.TlsOptions): Promise<URL> {
  const greet = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  };
  server = secure ? tls.createServer(secure, greet) : createServer(greet);
  await new Promise<void>((resolve) => server?.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  return new URL(`${secure ? 'https' : 'http'}://localhost:${port}/file`);
}

const BLOCK = 64;
const ask = (url: URL, more: Partial<BodyRequest> = {}) =>
  requestBody({
    url,
    headers: {},
    blocks: Array.from({ length: 3 }, () => new Uint8Array(BLOCK)),
    idleMs: 60_000,
    signal: undefined,
    ...more,
  });

/** The whole body, slowly; each piece is copied two pieces later, when its block is about to be used again. */
async function read(url: URL, more: Partial<BodyRequest> = {}): Promise<{ status: number; body: string }> {
  const { status, pieces } = await ask(url, more);
  const [copies, held]: [Buffer[], Uint8Array[]] = [[], []];
  for await (const piece of pieces()) {
    expect(piece.byteLength).toBeLessThanOrEqual(BLOCK);
    held.push(piece);
    await new Promise(setImmediate);
    if (held.length === 3) copies.push(Buffer.from(held.shift() ?? ''));
  }
  return { status, body: Buffer.concat([...copies, ...held]).toString() };
}

const BODY = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('');
const LENGTH = `Content-Length: ${BODY.length}\r\n`;
const chunked = `Transfer-Encoding: chunked\r\n\r\n3e8\r\n${BODY.slice(0, 1000)}\r\n${(BODY.length - 1000).toString(16)}\r\n${BODY.slice(1000)}\r\n0\r\n\r\n`;

describe('requestBody', () => {
  it.each<[string, string]>([
    ['a length', `HTTP/1.1 200 OK\r\n${LENGTH}\r\n${BODY}`],
    ['chunks', `HTTP/1.1 200 OK\r\n${chunked}`],
    ['neither, until the connection ends', `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${BODY}`],
    [
      'a length, after early hints',
      `HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\n${LENGTH}\r\n${BODY}`,
    ],
    ['a length, and more behind it', `HTTP/1.1 200 OK\r\n${LENGTH}\r\n${BODY}more`],
  ])('reads a body with %s', async (_, answer) => {
    const url = await serve((socket) => socket.end(answer));
    expect(await read(url)).toEqual({ status: 200, body: BODY });
  });

  it('reads a head that arrives byte by byte', async () => {
    const url = await serve((socket) => {
      socket.setNoDelay(true);
      const head = `HTTP/1.1 206 Partial Content\r\n${LENGTH}\r\n`;
      const send = (at: number): void => {
        if (at < head.length) socket.write(head.charAt(at), () => setImmediate(send, at + 1));
        else socket.end(BODY);
      };
      send(0);
    });
    expect(await read(url)).toEqual({ status: 206, body: BODY });
  });

  it('gives the headers, and no body where there is none', async () => {
    const url = await serve((socket) =>
      socket.write('HTTP/1.1 404 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n'),
    );
    const { status, header, pieces, close } = await ask(url);
    expect([status, header('retry-after'), header('location')]).toEqual([404, '7', null]);
    expect(await pieces().next()).toEqual({ done: true, value: undefined });
    close();
  });

  it('gives out what came before a connection broke, and then says so', async () => {
    const url = await serve((socket) => socket.end(`HTTP/1.1 200 OK\r\n${LENGTH}\r\nline 0`));
    const pieces = (await ask(url)).pieces();
    expect(Buffer.from((await pieces.next()).value ?? '').toString()).toBe('line 0');
    await expect(pieces.next()).rejects.toThrow('the connection ended early');
  });

  it.each<[string, string]>([
    ['the head', 'HTTP/1.1 200'],
    ['the body', `HTTP/1.1 200 OK\r\n${LENGTH}\r\nline`],
    ['a body of no length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ])('does not wait for ever in %s', async (_, beginning) => {
    const url = await serve((socket) => void socket.write(beginning));
    await expect(read(url, { idleMs: 50 })).rejects.toThrow(/the hub is silent for 0\.05 s|aborted/);
  });

  it('stops when it is asked to', async () => {
    const url = await serve((socket) => void socket.write(`HTTP/1.1 200 OK\r\n${LENGTH}\r\nline`));
    const stop = new AbortController();
    const pieces = (await ask(url, { signal: stop.signal })).pieces();
    await pieces.next();
    const next = pieces.next();
    stop.abort();
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
    await expect(ask(url, { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each([
    ['what is no HTTP', 'SSH-2.0-x\r\n\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`],
  ])('refuses %s', async (_, answer) => {
    const url = await serve((socket) => socket.end(answer));
    await expect(ask(url)).rejects.toMatchObject({ code: expect.stringMatching(/^HPE_/) as unknown });
  });

  it('leaves the connection to Node where that goes by a proxy', async () => {
    const url = await serve((socket) => socket.end(`HTTP/1.1 200 OK\r\n${LENGTH}\r\n${BODY}`));
    const agent = new http.Agent();
    const options: unknown = Reflect.get(agent, 'options');
    Reflect.set(agent, 'options', Object.assign(Object(options), { proxyEnv: { HTTP_PROXY: url.href } }));
    const connect = vi.spyOn(agent as unknown as { createConnection: () => Socket }, 'createConnection');
    const { globalAgent } = http;
    try {
      http.globalAgent = agent;
      expect(await read(url)).toEqual({ status: 200, body: BODY });
    } finally {
      http.globalAgent = globalAgent;
    }
    expect(connect).toHaveBeenCalledOnce();
  });

  it('trusts an encrypted connection only with a certificate that Node trusts, and loses nothing of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flexattn-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const asked = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const names = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...asked, ...names], { stdio: 'ignore' });
    const identity = { key: readFileSync(key), cert: readFileSync(cert) };
    rmSync(folder, { recursive: true });
    // Many records, which are decrypted at once.
    const body = BODY.repeat(50);
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
    const url = await serve((socket) => socket.end(head + body), identity);
    await expect(ask(url)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    // As NODE_EXTRA_CA_CERTS would at the start.
    const { connect } = tls;
    vi.spyOn(tls, 'connect').mockImplementation(((options: tls.ConnectionOptions) =>
      connect({ ...options, ca: identity.cert })) as typeof connect);
    const answer = await read(url);
    expect([answer.status, answer.body === body]).toEqual([200, true]);
  });
});
