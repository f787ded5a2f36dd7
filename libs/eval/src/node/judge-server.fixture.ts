import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface Received {
  url: string;
  headers: IncomingMessage['headers'];
  body: { model: string; messages: { role: string; content: string }[] };
}

/** Answers one request; `count`: how many came before it. */
export type Reaction = (response: ServerResponse, count: number, request: Received) => void;

/** A server on this machine that takes what a judge is sent, and reacts as a test wants. */
export async function startJudgeServer(react: Reaction) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as Received['body'];
      const one = { url: request.url ?? '', headers: request.headers, body };
      received.push(one);
      react(response, received.length - 1, one);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    received,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    stop: () =>
      new Promise<void>((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

/** A completion with this text. */
export function say(response: ServerResponse, content: string | null): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] }));
}

/** The parts of what the model under test said and what is right, as the judge was sent them. */
export function quoted({ body }: Received): { question: string; right_answer: string; answer: string } {
  return JSON.parse(body.messages.at(-1)?.content ?? '') as ReturnType<typeof quoted>;
}
