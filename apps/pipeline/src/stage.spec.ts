import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { artifacts, openRun, type RunContext } from './run-context.js';
import { previewStep, requireInputs, runStep, type Stage } from './stage.js';

let context: RunContext;
let calls: number;

/** Copies its input, shouting. */
const shout: Stage = {
  name: 'shout',
  purpose: 'shouts',
  after: [],
  reads: ({ workspace }) => ({ words: join(workspace, 'words.txt') }),
  parameters: () => ({ mark: '!' }),
  tools: () => Promise.resolve({ voice: '1' }),
  produce: async ({ workspace }, folder) => {
    calls += 1;
    const words = readFileSync(join(workspace, 'words.txt'), 'utf8');
    await writeFile(join(folder, 'out.txt'), `${words}!`);
    return { length: words.length };
  },
  preview: () => Promise.resolve({ would: 'shout' }),
};
const echo: Stage = { ...shout, name: 'echo', after: ['shout'] };

beforeEach(async () => {
  const workspace = mkdtempSync(join(tmpdir(), 'flexattn-step-'));
  writeFileSync(join(workspace, 'words.txt'), 'hello');
  const tiny = readFileSync(new URL('../../../configs/tiny.json', import.meta.url));
  writeFileSync(join(workspace, 'case.json'), tiny);
  context = await openRun({
    config: 'case.json',
    cwd: workspace,
    signal: new AbortController().signal,
    quiet: true,
  });
  calls = 0;
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(context.workspace, { recursive: true, force: true });
});

describe('requireInputs', () => {
  it('names what is missing before any stage begins, and leaves what stages write to them', () => {
    const later: Stage = { ...shout, name: 'later', reads: (run) => ({ made: artifacts(run, 'shout') }) };
    requireInputs(context, [shout, later]);
    rmSync(join(context.workspace, 'words.txt'));
    expect(() => requireInputs(context, [later, shout])).toThrow(
      'words.txt: shout reads it as words, and it is not there; put it there, or name another path',
    );
  });
});

describe('runStep', () => {
  it('does the work once, and again only when what it reads has changed', async () => {
    expect((await runStep(context, shout)).outcome).toBe('produced');
    expect((await runStep(context, shout)).outcome).toBe('kept');
    writeFileSync(join(context.workspace, 'words.txt'), 'other');
    const third = await runStep(context, shout);
    expect(third.outcome).toBe('produced');
    expect(readFileSync(join(context.workspace, third.folder, 'out.txt'), 'utf8')).toBe('other!');
    expect(third.summary).toEqual({ length: 5 });
    expect(calls).toBe(2);
  });

  it('looks once at what two stages read, as long as nothing is done', async () => {
    const again: Stage = { ...shout, name: 'again' };
    for (const stage of [shout, again]) await runStep(context, stage);
    const of = vi.spyOn(context.fingerprints, 'of');
    const seen = new Map<string, string>();
    for (const stage of [shout, again]) expect((await runStep(context, stage, seen)).outcome).toBe('kept');
    expect(of).toHaveBeenCalledTimes(1);
  });

  it('refuses to work on what is no longer what was looked at', async () => {
    const seen = new Map([[join(context.workspace, 'words.txt'), 'seen before']]);
    await expect(runStep(context, shout, seen)).rejects.toThrow(
      /words.txt: shout reads it as words, and it changed meanwhile.*INPUT_CHANGED/,
    );
    expect(calls).toBe(0);
    expect((await runStep(context, shout)).outcome).toBe('produced');
  });

  it('keeps both results when an input goes back and forth', async () => {
    await runStep(context, shout);
    writeFileSync(join(context.workspace, 'words.txt'), 'other');
    await runStep(context, shout);
    writeFileSync(join(context.workspace, 'words.txt'), 'hello');
    expect((await runStep(context, shout)).outcome).toBe('restored');
    expect(calls).toBe(2);
  });

  it('refuses to read artifacts that are missing, or damaged', async () => {
    await expect(runStep(context, echo)).rejects.toThrow(
      /shout writes, which is missing; run "flexattn shout.*STAGE_NOT_RUN/,
    );
    const { folder } = await runStep(context, shout);
    await expect(runStep(context, echo)).resolves.toMatchObject({ outcome: 'produced' });
    rmSync(join(context.workspace, folder, 'out.txt'));
    writeFileSync(join(context.workspace, folder, 'out.txt'), 'damaged');
    await expect(runStep(context, echo)).rejects.toThrow(/which is damaged/);
  });

  it('replaces no files of another origin', async () => {
    const mine = join(context.workspace, 'runs/case/shout/mine.txt');
    mkdirSync(dirname(mine), { recursive: true });
    writeFileSync(mine, 'mine');
    await expect(runStep(context, shout)).rejects.toThrow(/runs.case.shout: expected nothing.*OUT_EXISTS/);
    expect((await previewStep(context, shout)).refusal).toMatchObject({ code: 'OUT_EXISTS' });
    expect(readFileSync(mine, 'utf8')).toBe('mine');
    rmSync(mine);
    expect((await runStep(context, shout)).outcome).toBe('produced');
  });

  it('names the input that is not there', async () => {
    rmSync(join(context.workspace, 'words.txt'));
    await expect(runStep(context, shout)).rejects.toThrow(/words\.txt.*FILE_MISSING/);
  });
});

describe('previewStep', () => {
  it('says what is there, what it would do and where it would write, and writes nothing', async () => {
    const told = {
      stage: 'shout',
      purpose: 'shouts',
      reads: [{ role: 'words', path: 'words.txt', present: true }],
      parameters: { mark: '!' },
      writes: join('runs', 'case', 'shout'),
      preview: { would: 'shout' },
    };
    expect(await previewStep(context, shout)).toEqual({
      told,
      text: expect.stringContaining('would: shout') as string,
      refusal: undefined,
    });
    expect(existsSync(join(context.workspace, 'runs'))).toBe(false);
    expect(readdirSync(context.workspace)).not.toContain('.flexattn');
  });

  it('leaves the preview out where an input is missing', async () => {
    rmSync(join(context.workspace, 'words.txt'));
    expect((await previewStep(context, shout)).told).not.toHaveProperty('preview');
    const partly = await previewStep(context, { ...shout, previewsPartly: true });
    expect(partly.told.preview).toEqual({ would: 'shout' });
  });

  it("shows a stage's own text, and why it would not start", async () => {
    const refusal = new Error('too loud');
    const own = { ...shout, showPreview: () => 'would shout', refusalOf: () => refusal };
    expect(await previewStep(context, own)).toMatchObject({ text: 'would shout', refusal });
  });
});
