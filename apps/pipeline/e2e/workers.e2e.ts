import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { ROOT, flexattn } from './command-line.js';

interface Configuration {
  infer: object;
  models: { name: string }[];
}

/** A workspace that knows no answers yet, with what `infer` reads of the finished run. */
let workspace: string;
beforeAll(() => {
  expect(inject('firstRun').code).toBe(0);
  workspace = mkdtempSync(join(tmpdir(), 'flexattn-workers-'));
  for (const step of ['compile', 'items'])
    cpSync(join(ROOT, 'runs/tiny', step), join(workspace, 'runs/two', step), { recursive: true });
  cpSync(join(ROOT, 'tools/tiny/world'), join(workspace, 'tools/tiny/world'), { recursive: true });
  const tiny = JSON.parse(readFileSync(join(ROOT, 'configs/tiny.json'), 'utf8')) as Configuration;
  const two = {
    ...tiny,
    infer: { ...tiny.infer, workers: 2 },
    models: tiny.models.filter(({ name }) => name === 'flexattn'),
  };
  writeFileSync(join(workspace, 'two.json'), JSON.stringify(two));
});
afterAll(() => rmSync(workspace, { recursive: true }));

it('gives the same answers with infer.workers 2 as with one', async () => {
  const ran = await flexattn(['infer', '--config', 'two.json'], { cwd: workspace });
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  expect(ran.stderr).toContain('infer: flexattn was asked 560 of 560 items');
  const answers = (root: string, run: string) =>
    readFileSync(join(root, 'runs', run, 'infer/flexattn.jsonl'), 'utf8');
  expect(answers(workspace, 'two')).toBe(answers(ROOT, 'tiny'));
});
