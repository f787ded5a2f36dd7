import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../command.js';

/** Each command of a process would add its own listeners. */
vi.mock('../signals.js', () => ({ abortOnSignals: () => new AbortController().signal }));

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eval-direct-'));
  await mkdir(join(folder, 'pictures'));
  await writeFile(join(folder, 'pictures/a.png'), 'a picture');
  const rows = ['red', 'blue'].map((answer, i) => ({
    id: i,
    image: 'pictures/a.png',
    question: 'Which?',
    answers: [answer],
  }));
  await writeFile(join(folder, 'colours.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs `flexattn eval` in the folder; what it prints. */
async function evaluate(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const write = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => printed.push(String(text)) > 0);
  const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder);
  try {
    await createProgram('0').parseAsync(['eval', ...args], { from: 'user' });
  } finally {
    for (const spy of [write, errors, cwd]) spy.mockRestore();
  }
  return printed.join('');
}

describe('flexattn eval without a configuration', () => {
  it('lists every benchmark', async () => {
    const names = (await evaluate('--list')).split('\n').map((line) => line.split(' ')[0]);
    expect(names.slice(1, -1)).toEqual([
      'textvqa',
      'vstar',
      'magnifier',
      'rsvqa-hrben',
      'docvqa',
      'chartqa',
      'pope',
      'refcoco',
    ]);
    expect(JSON.parse(await evaluate('--list', '--json'))).toHaveLength(8);
  });

  it('describes a benchmark, one of your own too', async () => {
    const vstar = JSON.parse(await evaluate('--describe', 'vstar', '--json')) as {
      protocols: { protocol: string }[];
    };
    expect(vstar.protocols.map(({ protocol }) => protocol)).toEqual(['plain', 'original', 'letters']);
    expect(await evaluate('--describe', './colours.jsonl', '--metric', 'exact')).toContain(
      'name: exact_short',
    );
    await expect(evaluate('--describe', 'vqav9')).rejects.toThrow(/BENCHMARK_UNKNOWN/);
  });

  it('writes the items of a JSON lines file and scores answers to them', async () => {
    const own = ['--benchmark', './colours.jsonl', '--metric', 'exact', '--quiet'];
    expect(await evaluate(...own, '--dry-run')).toContain('items: 2');
    await expect(stat(join(folder, 'items'))).rejects.toThrow('ENOENT');
    const report = JSON.parse(await evaluate(...own, '--out', 'items', '--json')) as object;
    expect(report).toMatchObject({ items: 2, rejected: 0, written: 'items/items.jsonl' });
    const answers = ['Red.', 'green'].map((text, i) => `${JSON.stringify({ id: `colours/${i}`, text })}\n`);
    await writeFile(join(folder, 'answers.jsonl'), answers.join(''));
    const scoring = [
      '--items',
      join(folder, 'items/items.jsonl'),
      '--answers',
      `mine=${join(folder, 'answers.jsonl')}`,
    ];
    expect(await evaluate(...own, ...scoring, '--out', 'scores')).toMatch(
      /colours +exact_short +mine +2 +50\.0/,
    );
    expect(await readFile(join(folder, 'scores/mine/results.json'), 'utf8')).toContain('"exact_short": 0.5');
  });

  it('takes the files of all shards of a model', async () => {
    const own = ['--benchmark', './colours.jsonl', '--metric', 'exact', '--quiet'];
    await evaluate(...own, '--out', 'sharded');
    const shards = ['Red.', 'green'].map((text, i) => ({ id: `colours/${i}`, text }));
    const answers = await Promise.all(
      shards.map(async (line, i) => {
        const file = join(folder, `shard-${i}.jsonl`);
        await writeFile(file, `${JSON.stringify(line)}\n`);
        return ['--answers', `mine=${file}`];
      }),
    );
    const scoring = [...own, '--items', join(folder, 'sharded/items.jsonl'), '--out', 'sharded-scores'];
    expect(await evaluate(...scoring, ...answers.flat())).toMatch(/mine +2 +50\.0/);
    await expect(evaluate(...scoring, ...(answers[0] ?? []))).rejects.toThrow(/"colours\/1".*ANSWER_MISSING/);
  });

  it('asks the judge that is named, and only what was not judged before', async () => {
    await writeFile(
      join(folder, 'judged.mjs'),
      `export default {
        name: 'judged',
        metrics: () => [{ name: 'judged', kind: 'binary' }],
        async *load() {
          yield { item: { id: '1', question: 'Which?', picture: { kind: 'file', path: 'a.png' }, targets: ['red'] } };
        },
        prompt: ({ question }) => ({ prompt: 'USER: <image>\\n' + question + ' ASSISTANT:', maxNewTokens: 16 }),
        extract: (item, answer) => ({ value: answer.text, verdict: answer.verdict }),
        judgeQuestion: (item, answer) => ({ question: item.question, truth: item.targets[0], answer }),
        score: (item, { verdict }) => [verdict === 'yes' ? 1 : 0],
      };`,
    );
    await writeFile(
      join(folder, 'judge.mjs'),
      `let asked = 0;
      export default { name: 'me', ask: () => Promise.resolve((asked += 1) === 1 ? 'Yes.' : 'no') };`,
    );
    const own = ['--benchmark', join(folder, 'judged.mjs'), '--data', join(folder, 'pictures'), '--quiet'];
    await evaluate(...own, '--out', 'judged');
    await writeFile(join(folder, 'said.jsonl'), '{"id":"judged/1","text":"scarlet"}\n');
    const scoring = [...own, '--items', join(folder, 'judged/items.jsonl'), '--out', 'judged-scores'];
    const judge = ['--answers', `mine=${join(folder, 'said.jsonl')}`, '--judge', join(folder, 'judge.mjs')];
    expect(await evaluate(...scoring, ...judge)).toMatch(/judged +judged +mine +1 +100\.0/);
    expect(await evaluate(...scoring, ...judge)).toMatch(/judged +judged +mine +1 +100\.0/);
    expect(await readFile(join(folder, 'judged-scores/summary.json'), 'utf8')).toContain('"judge": "me');
  });

  it.each([
    ['an endpoint without a model', ['--judge', 'http://127.0.0.1:1/v1'], /expected --judge-model/],
    ['a model without an endpoint', ['--judge-model', 'm'], /expected --judge,/],
    ['no address', ['--judge', 'localhost', '--judge-model', 'm'], /JUDGE_SETTINGS/],
  ])('says what is wrong with the judge: %s', async (_, judge, message) => {
    const own = ['--benchmark', './colours.jsonl', '--metric', 'exact', '--out', 'x', '--items', 'x'];
    await expect(evaluate(...own, '--answers', 'a=b', ...judge)).rejects.toThrow(message);
  });

  it.each([
    ['nothing to write to', ['--benchmark', 'vstar', '--data', '.'], /expected --out/],
    ['no benchmark', ['--data', '.', '--out', 'x'], /expected --benchmark/],
    ['no data', ['--benchmark', 'vstar', '--out', 'x'], /expected --data/],
    ['no metric', ['--benchmark', './colours.jsonl', '--out', 'x'], /expected --metric/],
    [
      'answers to nothing',
      ['--benchmark', './colours.jsonl', '--metric', 'exact', '--out', 'x', '--answers', 'a=b'],
      /expected --items/,
    ],
  ])('says what is missing: %s', async (_, args, message) => {
    await expect(evaluate(...args)).rejects.toThrow(message);
  });
});
