import { afterEach, describe, expect, it } from 'vitest';
import { judgeMessages } from '../judge.js';
import { createHttpJudge, type JudgeClock } from './http-judge.js';
import { quoted, say, startJudgeServer, type Reaction } from './judge-server.fixture.js';

const messages = judgeMessages({ question: 'Which colour?', answer: 'red', truth: 'red' });

let server: Awaited<ReturnType<typeof startJudgeServer>> | undefined;
afterEach(() => server?.stop());

/** A clock whose waits end at once and are noted. */
function quickClock(): JudgeClock & { waits: number[]; timeUp: AbortController } {
  let time = 0;
  const waits: number[] = [];
  const timeUp = new AbortController();
  return {
    waits,
    timeUp,
    now: () => time,
    wait: (ms) => {
      waits.push(ms);
      time += ms;
      return Promise.resolve();
    },
    deadline: () => timeUp.signal,
  };
}

async function judgeOf(react: Reaction, more: { key?: string } = {}) {
  server = await startJudgeServer(react);
  const clock = quickClock();
  const { baseUrl, received } = server;
  return { judge: createHttpJudge({ baseUrl, model: 'grader', clock, ...more }), clock, received };
}

describe('createHttpJudge', () => {
  it('sends the question to the chat endpoint, with the key as a bearer token, and gives back the reply', async () => {
    const { judge, received } = await judgeOf((response) => say(response, 'Yes.'), { key: 'secret-key' });
    expect(await judge.ask(messages)).toBe('Yes.');
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      url: '/v1/chat/completions',
      headers: { authorization: 'Bearer secret-key' },
      body: { model: 'grader', temperature: 0, messages },
    });
    expect(received[0] && quoted(received[0])).toEqual({
      question: 'Which colour?',
      right_answer: 'red',
      answer: 'red',
    });
    expect(judge.name).toMatch(/^grader at http:\/\/127\.0\.0\.1:\d+\/v1$/);
  });

  it('sends no authorization without a key', async () => {
    const { judge, received } = await judgeOf((response) => say(response, 'no'));
    expect(await judge.ask(messages)).toBe('no');
    expect(received[0]?.headers.authorization).toBeUndefined();
  });

  it.each([408, 409, 429, 500, 503])('tries again after HTTP %i, each time later', async (status) => {
    const { judge, clock, received } = await judgeOf((response, count) => {
      if (count < 3) response.writeHead(status).end('not now');
      else say(response, 'yes');
    });
    expect(await judge.ask(messages)).toBe('yes');
    expect(received).toHaveLength(4);
    expect(clock.waits).toEqual([1000, 2000, 4000]);
  });

  it('waits as long as the server says', async () => {
    const { judge, clock } = await judgeOf((response, count) => {
      if (count === 0) response.writeHead(429, { 'retry-after': '17' }).end();
      else say(response, 'yes');
    });
    await judge.ask(messages);
    expect(clock.waits).toEqual([17_000]);
  });

  it.each<[string, Reaction]>([
    ['a connection that is reset', (response) => response.socket?.resetAndDestroy()],
    [
      'half an answer',
      (response) => {
        response.writeHead(200, { 'content-length': '500' });
        response.write('{"choices": [{"mess', () => response.socket?.destroy());
      },
    ],
    ['HTML instead of JSON', (response) => response.end('<html><body>Bad gateway</body></html>')],
    ['a body without end', (response) => response.end(`"${'x'.repeat(2e6)}"`)],
  ])('tries again after %s', async (_, broken) => {
    const { judge, received } = await judgeOf((response, count, request) => {
      if (count === 0) broken(response, count, request);
      else say(response, 'no');
    });
    expect(await judge.ask(messages)).toBe('no');
    expect(received).toHaveLength(2);
  });

  it('gives an item up when its time is used up', async () => {
    const { judge, clock, received } = await judgeOf((response) => response.writeHead(503).end());
    await expect(judge.ask(messages)).rejects.toThrow(
      /no verdict within 120 s, at last: HTTP 503.*JUDGE_FAILED/,
    );
    // 1 + 2 + 4 + 8 + 16 + 30 + 30 s; the next 30 would end after 120 s.
    expect(clock.waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(received).toHaveLength(8);
  });

  it('does not wait for a server that never answers', async () => {
    const { judge, clock } = await judgeOf(() => clock.timeUp.abort());
    await expect(judge.ask(messages)).rejects.toThrow(/no verdict within 120 s.*JUDGE_FAILED/);
  });

  it('stops at once when it is told to', async () => {
    const stop = new AbortController();
    const { judge } = await judgeOf(() => stop.abort(new Error('stopped')));
    await expect(judge.ask(messages, stop.signal)).rejects.toThrow('stopped');
  });

  it.each([
    [401, /HTTP 401; check the key in the environment \(JUDGE_REFUSED\)/],
    [403, /JUDGE_REFUSED/],
    [404, /check judge\.baseUrl and judge\.model \(JUDGE_REFUSED\)/],
    [400, /HTTP 400.*JUDGE_FAILED/],
    [422, /HTTP 422.*JUDGE_FAILED/],
    [302, /HTTP 302.*JUDGE_FAILED/],
  ])('asks once and no more after HTTP %i', async (status, message) => {
    const { judge, received } = await judgeOf((response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end('no'),
    );
    await expect(judge.ask(messages)).rejects.toThrow(message);
    expect(received).toHaveLength(1);
  });

  it.each([
    ['no choices', '{"choices": []}', /has no text.*JUDGE_FAILED/],
    ['another document', '{"error": "sorry"}', /not a chat completion.*JUDGE_FAILED/],
    ['no text', '{"choices": [{"message": {"content": null}}]}', /has no text.*JUDGE_FAILED/],
  ])('gives up a completion with %s', async (_, body, message) => {
    const { judge, received } = await judgeOf((response) => response.end(body));
    await expect(judge.ask(messages)).rejects.toThrow(message);
    expect(received).toHaveLength(1);
  });

  it.each([
    ['no address', 'api.example.com/v1', 'k', /expected an http or https address/],
    ['a file', 'file:///etc/passwd', 'k', /expected an http or https address/],
    ['a password in it', 'https://user:secret-key@api.example.com', 'k', /without user, password or query/],
    [
      'a key in its query',
      'https://api.example.com/v1?key=secret-key',
      'k',
      /without user, password or query/,
    ],
    ['no TLS', 'http://api.example.com/v1', 'secret-key', /in clear/],
    ['a key of two lines', 'https://api.example.com/v1', 'secret-key\nx', /no header takes/],
    ['an empty key', 'https://api.example.com/v1', ' ', /no header takes/],
  ])('refuses an address with %s, without showing the key', (_, baseUrl, key, message) => {
    const make = () => createHttpJudge({ baseUrl, model: 'm', key });
    expect(make).toThrow(message);
    expect(make).toThrow(expect.not.stringContaining('secret-key') as string);
  });

  it.each([
    ['https', 'https://api.example.com/v1/', 'secret-key'],
    ['this machine', 'http://localhost:8000/v1', 'secret-key'],
    ['no key', 'http://gpu-7.cluster/v1', undefined],
  ])('takes an address with %s', (_, baseUrl, key) => {
    expect(createHttpJudge({ baseUrl, model: 'm', key }).name).toContain(
      `m at ${baseUrl.replace(/\/$/, '')}`,
    );
  });
});
