import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const configs = new URL('../../../../configs/', import.meta.url);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-config-'));
  mkdirSync(join(folder, 'configs'));
  writeFileSync(join(folder, 'nx.json'), '{}');
  writeFileSync(join(folder, 'configs/tiny.json'), readFileSync(new URL('tiny.json', configs)));
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
});
afterEach(() => {
  forgetCommands();
  rmSync(folder, { recursive: true, force: true });
});

const config = async (...words: string[]): Promise<unknown> =>
  JSON.parse((await runCommand('config', ...words)).stdout) as unknown;

describe('flexattn config', () => {
  it('schema prints what is committed for editors', async () => {
    const committed = JSON.parse(readFileSync(new URL('run.schema.json', configs), 'utf8')) as unknown;
    expect(await config('schema')).toEqual(committed);
  });

  it('show prints every setting, what is set on the command line too', async () => {
    const shown = await config('show', '--set', 'train.steps=7', '--set', 'models.0.name=first');
    expect(shown).toMatchObject({ train: { steps: 7, maxGradNorm: 1 }, models: [{ name: 'first' }, {}, {}] });
  });

  it.each([
    ['train.stepz=7', '--set train.stepz: unknown key "stepz": did you mean "steps"?'],
    ['train.steps=many', '--set train.steps: Invalid input: expected number, received string'],
    ['models.9.name=x', '--set models.9.name: there is no such place'],
    ['nothing', 'expected PATH=VALUE, got "nothing"'],
    ['=3', 'expected PATH=VALUE, got "=3"'],
  ])('refuses --set %s', async (text, message) => {
    await expect(config('show', '--set', text)).rejects.toThrow(message);
  });

  it('new writes a file that extends another, which check finds valid', async () => {
    const written = (await runCommand('config', 'new', 'mine')).stdout.trim();
    expect(written).toBe(join(folder, 'configs/mine.json'));
    expect(await config('show', '--config', 'mine')).toEqual(await config('show', '--config', 'tiny'));
    await expect(runCommand('config', 'new', 'mine')).rejects.toThrow('got one that is taken');
    const [mine, tiny] = (await config('check', '--json')) as { config: string; missing: string[] }[];
    expect([mine?.config, tiny?.config]).toEqual(['mine', 'tiny']);
    expect(mine?.missing).toContain('tools/tiny/world/base');
  });

  it('names the file, line and column of a slip in a base', async () => {
    writeFileSync(join(folder, 'configs/base.json'), '{\n  "train": {\n    "stepz": 1\n  }\n}');
    writeFileSync(join(folder, 'configs/mine.json'), '{"extends": "./base.json"}');
    await expect(config('show', '--config', 'mine')).rejects.toThrow(
      /base\.json\[train\.stepz\]: line 3, column 5: unknown key "stepz": did you mean "steps"\?/,
    );
  });
});
