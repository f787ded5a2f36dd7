import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../command.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
);
let folder = '';
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexattn-inspect-'));
  const samples = ['a.png', 'b.png'].map((image, id) => ({
    id,
    image,
    conversations: [{ from: 'human', value: '<image>\nWhat?' }],
  }));
  await writeFile(at('mix.json'), JSON.stringify(samples));
  await writeFile(at('a.png'), PNG);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

/** What `flexattn inspect` with these arguments prints. */
async function inspect(...args: string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (printed += String(text)) !== '');
  const program = createProgram('0').configureOutput({ writeErr: () => undefined });
  for (const command of program.commands)
    command.configureOutput({ writeErr: () => undefined }).exitOverride();
  await program.parseAsync(['inspect', ...args], { from: 'user' });
  return printed;
}

describe('flexattn inspect', () => {
  it('tells what is in an annotation file', async () => {
    const text = await inspect(at('mix.json'), '--images', folder);
    expect(text).toMatch(/^samples +2, of them 0 text only, 0 unusable\n/);
    expect(text).toMatch(/^images +IMAGE_MISSING 1, found 1\n/m);
  });

  it('draws a sheet, and prints JSON', async () => {
    const args = [
      at('mix.json'),
      '--images',
      folder,
      '--sheet',
      at('sheet.png'),
      '--samples',
      '1',
      '--seed',
      '3',
    ];
    const report = JSON.parse(await inspect(...args, '--json')) as { samples: number; shown: unknown[] };
    expect(report.samples).toBe(2);
    expect(report.shown).toHaveLength(1);
    expect((await readFile(at('sheet.png'))).subarray(1, 4).toString()).toBe('PNG');
  });

  it('writes nothing in a dry run', async () => {
    await inspect(at('mix.json'), '--images', folder, '--sheet', at('sheet.png'), '--dry-run');
    expect((await readdir(folder)).sort()).toEqual(['a.png', 'mix.json']);
  });

  it.each([
    ['--samples', '0'],
    ['--samples', 'many'],
    ['--seed', '-1'],
    ['--seed', ''],
    ['--seed', '1.5'],
  ])('refuses %s %j', async (flag, value) => {
    await expect(inspect(at('mix.json'), `${flag}=${value}`)).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
  });
});
