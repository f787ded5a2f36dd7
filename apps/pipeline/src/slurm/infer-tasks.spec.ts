import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from '../commands/run-command.fixture.js';
import { stubSlurm } from './stub-slurm.fixture.js';

const words = vi.hoisted(() => [] as string[]);
vi.mock(import('./flexattn-words.js'), async (original) => ({
  ...(await original()),
  FLEXATTN_WORDS: words,
}));

/** A task: the second writes all answers, where they are to be complete, and ends with the code that it is to end with. */
const TASK = `
  import { readFileSync, writeFileSync } from 'node:fs';
  const { argv } = process;
  const after = (name) => argv[argv.indexOf(name) + 1];
  const { answers, code } = JSON.parse(readFileSync(new URL('plan.json', import.meta.url), 'utf8'));
  if (after('--shard') === '1/2') {
    if (answers !== undefined) writeFileSync(after('--out'), answers);
    process.exitCode = code;
  }`;
const ANSWERED = '{"id":"a","text":"red"}\n';
const GIVEN_UP = '{"id":"b","error":{"code":"WORKER_DIED","message":"it died"}}\n';

let root: string;
const at = (name: string) => join(root, name);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flexattn-infer-tasks-'));
  vi.stubEnv('PATH', stubSlurm(at('slurm')));
  writeFileSync(at('task.mjs'), TASK);
  words.splice(0, Infinity, process.execPath, at('task.mjs'));
  mkdirSync(at('model'));
  writeFileSync(at('items.jsonl'), '{"id":"a","image":"a.png"}\n{"id":"b","image":"b.png"}\n');
});
afterEach(() => {
  forgetCommands();
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** What `infer` does where tasks write these answers, and the second ends with this code. */
function infer(plan: { answers?: string; code: number }) {
  writeFileSync(at('plan.json'), JSON.stringify(plan));
  const files = ['--model', at('model'), '--items', at('items.jsonl'), '--out', at('out.jsonl')];
  return runCommand('infer', ...files, '--launcher', 'slurm', '--tasks', '2', '--json');
}

it('writes the answers that tasks put together', async () => {
  const { stdout } = await infer({ answers: ANSWERED, code: 0 });
  expect(JSON.parse(stdout)).toMatchObject({ items: 1, answered: 1, failed: {} });
  expect(readFileSync(at('out.jsonl'), 'utf8')).toBe(ANSWERED);
  expect(existsSync(at('out.jsonl.tasks'))).toBe(false);
});

it('writes them too where a task gave up items that workers died of, and ends with 1', async () => {
  await expect(infer({ answers: ANSWERED + GIVEN_UP, code: 1 })).rejects.toMatchObject({
    code: 'ITEMS_FAILED',
    exitCode: 1,
  });
  expect(readFileSync(at('out.jsonl'), 'utf8')).toBe(ANSWERED + GIVEN_UP);
});

it.each([
  ['ends with 1 and answers are missing', { code: 1 }],
  ['fails of something else', { answers: ANSWERED, code: 74 }],
])('writes nothing where a task %s, and goes on from there', async (_, plan) => {
  const failure = { code: 'TASKS_FAILED', exitCode: plan.code };
  await expect(infer(plan)).rejects.toMatchObject(failure);
  expect(existsSync(at('out.jsonl'))).toBe(false);
  await infer({ answers: ANSWERED, code: 0 });
  expect(readFileSync(at('out.jsonl'), 'utf8')).toBe(ANSWERED);
});
