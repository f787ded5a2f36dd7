import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlexattnError } from '@flexattn/stage';
import type { Conversation, Sample } from '@flexattn/data-prep';
import type { Encoded } from '../token-line.js';
import { readTrainingData } from './read-training-data.js';
import { tokenizerFingerprint } from './tokenizer-fingerprint.js';
import { writeTrainingData } from './write-training-data.js';

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'flexattn-train-'));
});
afterEach(() => rm(out, { recursive: true }));

async function* samples(...values: string[]): AsyncGenerator<Sample> {
  for (const [i, value] of values.entries()) {
    const conversations: Conversation[] = [{ from: 'gpt', value }];
    yield await Promise.resolve({ id: i, ...(i === 0 ? { image: 'a.png' } : {}), conversations });
  }
}

/** The letters are tokens; `|` begins the answer and `i` is the image. */
function encode([turn]: readonly Conversation[]): Encoded {
  const text = turn?.value ?? '';
  const inputIds = [...text].map((letter) => (letter === 'i' ? -200 : letter.charCodeAt(0)));
  const begin = text.indexOf('|');
  return { inputIds, answers: begin < 0 ? [] : [[begin, text.length]] };
}

describe('writeTrainingData', () => {
  it('writes one line a sample, in order, and counts what it leaves out', async () => {
    const totals = await writeTrainingData({
      samples: samples('ai|xy', 'a', 'abcdefghi|x', 'a|', 'aaaaaaa|xyz'),
      encode,
      modelMaxLength: 9,
      imageTokens: 4,
      out,
    });
    expect(totals).toEqual({
      ...{ samples: 3, turns: 3, withPicture: 1, pictures: 1, cut: 1, cutAnswers: 1 },
      dropped: { NO_ANSWER: 1, TOO_LONG: 1 },
      ...{ answerTokens: 6, lostAnswerTokens: 4, mostAnswerTokens: 3 },
      lengths: expect.objectContaining({ shortest: 2, longest: 14 }) as object,
    });
    const lines = (await readFile(join(out, 'tokens.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines[0]).toBe('{"id":"0","image":"a.png","inputIds":[97,-200,124,120,121],"answers":[[2,5]]}');
    expect(lines.slice(1).map((line) => (JSON.parse(line) as { id: string; image: null }).id)).toEqual([
      '3',
      '4',
    ]);
  });

  it('tells beside them what they hold and were made with, until they are changed', async () => {
    const checkpoint = join(out, 'checkpoint');
    await mkdir(checkpoint);
    await writeFile(join(checkpoint, 'tokenizer.json'), '{}');
    const options = { samples: samples('ai|xy', 'aaaaaaa|xyz'), encode, checkpoint, out };
    const totals = await writeTrainingData({ ...options, modelMaxLength: 9, imageTokens: 4 });
    const reading = { images: out, imageTokens: 4, modelMaxLength: 9 };
    const read = (isSure: boolean, change = {}) =>
      readTrainingData(out, { ...reading, ...change }, { isSure });
    const tokenizer = await tokenizerFingerprint(checkpoint);
    expect(tokenizer).toMatch(/^[0-9a-f]{64}$/);
    for (const isSure of [false, true]) expect(await read(isSure)).toEqual({ totals, tooLong: 0, tokenizer });
    expect((await read(false, { modelMaxLength: 7 })).tooLong).toBe(1);
    const file = join(out, 'tokens.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"a.png"', '"b.png"'));
    expect(await read(true)).toEqual({ totals, tooLong: 0, tokenizer: undefined });
    await writeFile(file, text.replace('"a.png"', '"../b.png"'));
    await expect(read(false)).rejects.toThrow(/\(PATH_ESCAPE\)/);
  });

  it('leaves no file where no sample has an answer', async () => {
    const written = writeTrainingData({ samples: samples('ab', 'cd'), encode, modelMaxLength: 9, out });
    await expect(written).rejects.toThrow(/NO_ANSWER 2.*\(NO_ANSWERS\)/);
    expect(await readdir(out)).toEqual([]);
  });

  it('counts what the tokenizer refuses by its code, and stops at a bug', async () => {
    const refuse = (refusal: Error) => (conversations: readonly Conversation[]) => {
      if (conversations[0]?.value === 'no') throw refusal;
      return encode(conversations);
    };
    const options = { samples: samples('no', 'a|x', 'no'), modelMaxLength: 9, out };
    const refusal = new FlexattnError('BAD_CONVERSATION', 'no turns');
    const totals = await writeTrainingData({ ...options, encode: refuse(refusal) });
    expect(totals).toMatchObject({ samples: 1, dropped: { BAD_CONVERSATION: 2 } });
    const bug = writeTrainingData({
      ...options,
      samples: samples('no'),
      encode: refuse(new TypeError('bug')),
    });
    await expect(bug).rejects.toThrow(TypeError);
  });

  it('leaves no file where a span does not fit its ids', async () => {
    const wrong = () => ({ inputIds: [1, 2], answers: [[0, 1]] as Encoded['answers'] });
    const written = writeTrainingData({ samples: samples('a|'), encode: wrong, modelMaxLength: 9, out });
    await expect(written).rejects.toThrow(/sample 0: answers: \[0, 1\).*\(BAD_SAMPLE\)/);
    expect(await readdir(out)).toEqual([]);
  });
});
