import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join as joinPath } from 'node:path';
import {
  anls,
  createHttpJudge,
  magnifierChoice,
  parseBox,
  popeAnswer,
  processAnswer,
  relaxedAccuracy,
  scoreAnswers,
  strictChoice,
  textVqaAccuracy,
  writeItems,
} from '@flexattn/eval';
import type { Random } from '../tiny/random.js';
import { temporaryFolder } from './corpus.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { mutateJson } from './json-mutations.js';
import { mutateBytes, mutateText } from './mutations.js';

/** What models say, and parts that readers of answers look for. */
const ANSWERS = [
  'The answer is B.',
  '(C) green',
  'Yes, there is.',
  '[0.1, 0.2, 0.5, 0.75]',
  '1,234.5 %',
  'a cat',
];
const PARTS = [
  '.',
  ',',
  ' ',
  '%',
  '\u00a0',
  '!',
  'A',
  '(',
  '[',
  '0',
  '1_',
  '-',
  ', ',
  '[0.',
  "'s",
  '\u0661',
  'no ',
];
const QUESTION = 'Which? A. red, B. blue, C. green, D. none';
/** The longest text of a model that is looked at. */
const LONGEST = 65_536;
const LINES = [
  { id: 'mine/1', text: 'red', finish: 'stop', ms: 5, regions: [[1, 2]] },
  { id: 'mine/2', losses: [0.5, 1.25] },
];
const REPLY = { id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' } }] };

/** Answers of models, as text and as files, and the replies of a judge's endpoint. */
export async function judgeAnswersTarget(): Promise<FuzzTarget> {
  const { path, close } = temporaryFolder('benchmark-loaders');
  const endpoint = await openEndpoint();
  const scoreLines = await answersReader(path);
  const encode = (text: string) => new TextEncoder().encode(text);
  const lines = LINES.map((line) => `${JSON.stringify(line)}\n`).join('');
  const readers: Record<string, (bytes: Uint8Array) => unknown> = {
    answer: (bytes) => readAnswer(Buffer.from(bytes).toString()),
    lines: scoreLines,
    reply: endpoint.ask,
  };
  return {
    kinds: {
      'answer text': (random) => mutateText(random.pick(ANSWERS), random),
      'answer long': (random) => encode(longAnswer(random)),
      'lines text': (random) => mutateText(lines, random),
      'lines value': (random) => encode(`${mutateJson(LINES[0], random)}\n${mutateJson(LINES[1], random)}\n`),
      'reply bytes': (random) => mutateBytes(encode(JSON.stringify(REPLY)), random),
      'reply value': (random) => encode(mutateJson(REPLY, random)),
    },
    warmUp: 3000,
    read: (bytes, kind) => Promise.resolve(bytes).then(readers[kind.split(' ')[0] ?? '']),
    close: async () => {
      await endpoint.close();
      await close();
    },
  };
}

/** One part over and over, between others: what takes a careless pattern the square of its length. */
function longAnswer(random: Random): string {
  const part = random.pick(PARTS);
  const text =
    random.pick(['', ...ANSWERS]) + part.repeat(LONGEST / part.length) + random.pick(['', ...ANSWERS]);
  return text.slice(0, LONGEST);
}

/** By every reader of answers. */
function readAnswer(text: string): string {
  const scores = [
    textVqaAccuracy(text, ['red', 'a cat']),
    anls(text, ['a cat', processAnswer(text).slice(0, 100)]),
    relaxedAccuracy(text, '12%'),
  ];
  if (!scores.every((score) => score >= 0 && score <= 1)) throw new Error(`scores ${scores.join()}`);
  const box = parseBox(text) === null ? 'no box' : 'box';
  return `${magnifierChoice(text, QUESTION)}, ${strictChoice(text, QUESTION)}, ${popeAnswer(text)}, ${box}`;
}

/** A file of answers to one generated text and one choice. */
async function answersReader(root: string): Promise<(bytes: Uint8Array) => Promise<void>> {
  const rows = [
    { id: 1, image: 'p.png', question: 'What?', choices: ['red', 'blue'] },
    { id: 2, image: 'p.png', question: 'Which?', options: ['red', 'blue'] },
  ];
  writeFileSync(joinPath(root, 'own/mine.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const benchmarks = { mine: { path: 'own/mine.jsonl', metric: 'choice' } } as const;
  const out = joinPath(root, 'out');
  await writeItems({ benchmarks, root, out, quiet: true });
  const file = joinPath(root, 'answers.jsonl');
  return async (bytes) => {
    writeFileSync(file, bytes);
    const items = joinPath(out, 'items.jsonl');
    await scoreAnswers({ benchmarks, root, items, answers: { model: file }, out, quiet: true, dryRun: true });
  };
}

/** An endpoint that replies with the bytes it is given, asked once: it has no time for a second try. */
async function openEndpoint() {
  let reply = new Uint8Array();
  const server = createServer((request, response) => {
    request.resume();
    response.end(reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const judge = createHttpJudge({
    baseUrl: `http://127.0.0.1:${port}/v1`,
    model: 'fuzz',
    clock: { now: () => 0, wait: () => Promise.resolve(), deadline: () => new AbortController().signal },
    timeLimitMs: 1,
  });
  return {
    ask: async (bytes: Uint8Array) => {
      reply = Uint8Array.from(bytes);
      const text = await judge.ask([{ role: 'user', content: 'x' }]);
      return /^(yes|no)/i.test(text) ? 'verdict' : 'other words';
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
