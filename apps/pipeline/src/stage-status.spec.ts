import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { artifacts, openRun, type RunContext } from './run-context.js';
import { runStatus } from './stage-status.js';
import { runStep, type Stage } from './stage.js';

let context: RunContext;
let mark: string;
const shout: Stage = {
  name: 'shout',
  purpose: 'shouts',
  after: [],
  reads: ({ workspace }) => ({ words: join(workspace, 'words.txt') }),
  parameters: () => ({ mark }),
  tools: () => Promise.resolve({ voice: '1' }),
  produce: async (_, folder) => {
    await writeFile(join(folder, 'out.txt'), `words${mark}`);
    return {};
  },
};
const echo: Stage = {
  ...shout,
  name: 'echo',
  after: ['shout'],
  reads: (run) => ({ words: artifacts(run, 'shout') }),
  parameters: () => ({}),
};
const states = async () =>
  (await runStatus(context, [shout, echo])).map(({ stage, state, because }) => [stage, state, ...because]);

beforeEach(async () => {
  mark = '!';
  const workspace = mkdtempSync(join(tmpdir(), 'flexattn-status-'));
  writeFileSync(join(workspace, 'words.txt'), 'hello');
  writeFileSync(
    join(workspace, 'case.json'),
    readFileSync(new URL('../../../configs/tiny.json', import.meta.url)),
  );
  const signal = new AbortController().signal;
  context = await openRun({ config: 'case.json', cwd: workspace, signal, quiet: true });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(context.workspace, { recursive: true, force: true });
});

describe('runStatus', () => {
  it('tells what is missing, and what waits for it', async () => {
    expect(await states()).toEqual([
      ['shout', 'missing'],
      ['echo', 'waiting', 'words is not there'],
    ]);
  });

  it('tells what is fresh, how large it is and how long it took', async () => {
    for (const step of [shout, echo]) await runStep(context, step);
    const statuses = await runStatus(context, [shout, echo]);
    expect(statuses.map(({ state }) => state)).toEqual(['fresh', 'fresh']);
    expect(statuses[0]).toMatchObject({ bytes: 6, seconds: expect.any(Number) as number });
    expect(Date.parse(statuses[0]?.at ?? '')).toBeGreaterThan(0);
    await runStep(context, shout);
    expect((await runStatus(context, [shout]))[0]?.seconds).toBe(statuses[0]?.seconds);
  });

  it('tells because of what a step is stale, and all that come after it', async () => {
    for (const step of [shout, echo]) await runStep(context, step);
    mark = '?';
    expect(await states()).toEqual([
      ['shout', 'stale', 'parameters.mark'],
      ['echo', 'stale', 'after shout'],
    ]);
  });

  it('tells what is damaged', async () => {
    await runStep(context, shout);
    rmSync(join(artifacts(context, 'shout'), 'out.txt'));
    expect((await states())[0]).toEqual(['shout', 'damaged']);
  });
});
