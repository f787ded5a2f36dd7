import { chmod, mkdir, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StageError } from '../errors.js';
import { parseReceipt, receiptText, sealReceipt, type Receipt } from '../receipt.js';
import { Fingerprints } from './fingerprint.js';
import { CompiledLib } from './real-process.fixture.js';
import { artifactsHash, isIntact, readReceipt, runStage, type StageRun } from './run-stage.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

/** A stage that copies its parameter `text` into two files, in a workspace of its own. */
class ToyStage {
  produced = 0;
  readonly said: string[] = [];
  constructor(readonly workspace: string) {}

  static async make(): Promise<ToyStage> {
    return new ToyStage(await temporaryFolder());
  }

  async run(text: string, change: Partial<StageRun> = {}) {
    return runStage({
      workspace: this.workspace,
      fingerprints: await Fingerprints.open(this.at('.flexattn', 'fingerprints.tsv')),
      run: 'tiny',
      stage: 'toy',
      inputs: { data: 'a'.repeat(64) },
      parameters: { text },
      tools: { node: '20' },
      say: (line) => this.said.push(line),
      produce: async (folder) => {
        this.produced += 1;
        await mkdir(join(folder, 'sub'));
        await writeFile(join(folder, 'sub', 'text'), `text ${text}`);
        await writeFile(join(folder, 'constant'), 'constant');
        return { words: text.length };
      },
      ...change,
    });
  }

  at(...names: string[]): string {
    return join(this.workspace, ...names);
  }

  /** All files below `folder`, with their text. */
  async files(...names: string[]): Promise<Record<string, string>> {
    const entries = await readdir(this.at(...names), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const texts = await Promise.all(
      files
        .sort()
        .map(async (file) => [file.slice(this.at(...names).length + 1), await readFile(file, 'utf8')]),
    );
    return Object.fromEntries(texts) as Record<string, string>;
  }

  /** Where the store keeps the file that an artifact lists under `path`. */
  blob(receipt: Receipt, path: string): string {
    const { sha256 = '' } = receipt.files.find((file) => file.path === path) ?? {};
    return this.at('.flexattn', 'store', sha256.slice(0, 2), sha256);
  }

  /** Whether what the user sees is a whole result of `text`, and nothing temporary is left. */
  async expectResult(text: string): Promise<void> {
    const { 'receipt.json': receipt = '', ...files } = await this.files('runs', 'tiny', 'toy');
    expect(files).toEqual({ 'sub/text': `text ${text}`, constant: 'constant' });
    expect(parseReceipt(receipt)?.parameters).toEqual({ text });
    await this.expectNothingTemporary();
  }

  async expectNothingTemporary(): Promise<void> {
    const all = await readdir(this.workspace, { recursive: true });
    expect(all.filter((name) => /\.(partial|new|old|lock|staging)$/.test(name))).toEqual([]);
  }
}

describe('runStage', () => {
  it('produces, then keeps', async () => {
    const toy = await ToyStage.make();
    const first = await toy.run('one');
    expect(first).toMatchObject({ outcome: 'produced', folder: toy.at('runs', 'tiny', 'toy') });
    expect(first.receipt.summary).toEqual({ words: 3 });
    expect(first.receipt.files.map(({ path, size }) => [path, size])).toEqual([
      ['constant', 8],
      ['sub/text', 8],
    ]);
    await toy.expectResult('one');
    const second = await toy.run('one');
    expect(second).toEqual({ ...first, outcome: 'kept' });
    expect(toy.produced).toBe(1);
    expect(toy.said).toEqual(['toy: up to date']);
  });

  it('gives the same receipt, byte for byte, in another workspace', async () => {
    const [one, other] = [await ToyStage.make(), await ToyStage.make()];
    await one.run('one');
    await other.run('one');
    expect(await other.files('runs')).toEqual(await one.files('runs'));
  });

  it('keeps the results of two inputs that change back and forth', async () => {
    const toy = await ToyStage.make();
    const outcomes = [];
    for (const text of ['one', 'two', 'one', 'two', 'two']) {
      outcomes.push((await toy.run(text)).outcome);
      await toy.expectResult(text);
    }
    expect(outcomes).toEqual(['produced', 'produced', 'restored', 'restored', 'kept']);
    expect(toy.produced).toBe(2);
    expect(toy.said[0]).toBe('toy: parameters.text changed');
  });

  it('shares results between runs', async () => {
    const toy = await ToyStage.make();
    await toy.run('one');
    expect(await toy.run('one', { run: 'other' })).toMatchObject({
      outcome: 'restored',
      folder: toy.at('runs', 'other', 'toy'),
    });
    expect(toy.produced).toBe(1);
  });

  it('may produce nothing', async () => {
    const toy = await ToyStage.make();
    const produce = () => Promise.resolve(null);
    expect(await toy.run('none', { produce })).toMatchObject({ outcome: 'produced', receipt: { files: [] } });
    expect(await toy.run('none', { produce })).toMatchObject({ outcome: 'kept' });
  });
});

/** Makes an artifact writable and changes it where it stands, or as a new file. */
const flipBit = async (file: string) => {
  const bytes = await readFile(file);
  bytes[2] = (bytes[2] ?? 0) ^ 1;
  await writeFile(file, bytes);
};
const replaced = (damage: (file: string) => Promise<unknown>) => async (file: string) => {
  const bytes = await readFile(file);
  await rm(file);
  await writeFile(file, bytes);
  await damage(file);
};

describe('a damaged artifact', () => {
  it.each<[name: string, damage: (file: string) => Promise<unknown>]>([
    ['deleted', (file) => rm(file)],
    ['truncated', replaced((file) => truncate(file, 3))],
    ['lengthened', replaced((file) => writeFile(file, '!', { flag: 'a' }))],
    ['changed by one bit', replaced(flipBit)],
    [
      'replaced by a folder',
      async (file) => {
        await rm(file);
        await mkdir(file);
      },
    ],
  ])('that was %s is restored', async (_, damage) => {
    const toy = await ToyStage.make();
    await toy.run('one');
    await damage(toy.at('runs', 'tiny', 'toy', 'sub', 'text'));
    expect((await toy.run('one')).outcome).toBe('restored');
    await toy.expectResult('one');
    expect(toy.produced).toBe(1);
    expect(toy.said).toContain(`toy: a file in ${toy.at('runs', 'tiny', 'toy')} is missing or damaged`);
  });

  it('whose whole folder is gone is restored', async () => {
    const toy = await ToyStage.make();
    await toy.run('one');
    await rm(toy.at('runs'), { recursive: true });
    expect((await toy.run('one')).outcome).toBe('restored');
    await toy.expectResult('one');
  });
});

describe('a damaged blob in the store', () => {
  it.each<[name: string, damage: (file: string) => Promise<unknown>]>([
    ['deleted', (file) => rm(file)],
    ['truncated', (file) => truncate(file, 3)],
    ['changed by one bit', flipBit],
  ])('that was %s is produced again', async (_, damage) => {
    const toy = await ToyStage.make();
    const { receipt } = await toy.run('one');
    const blob = toy.blob(receipt, 'sub/text');
    await chmod(blob, 0o644);
    await damage(blob);
    await rm(toy.at('runs', 'tiny', 'toy', 'sub', 'text'));
    expect((await toy.run('one')).outcome).toBe('produced');
    await toy.expectResult('one');
    expect(toy.produced).toBe(2);
    expect(toy.said).toContain('toy: sub/text is missing or damaged in the store; running again');
    expect((await toy.run('one')).outcome).toBe('kept');
  });

  it('is noticed through the artifact that shares its bytes', async () => {
    const toy = await ToyStage.make();
    await toy.run('one');
    const artifact = toy.at('runs', 'tiny', 'toy', 'sub', 'text');
    await chmod(artifact, 0o644);
    await flipBit(artifact);
    expect((await toy.run('one')).outcome).not.toBe('kept');
    await toy.expectResult('one');
  });

  it('of another result does not matter', async () => {
    const toy = await ToyStage.make();
    const { receipt } = await toy.run('one');
    await toy.run('two');
    await rm(toy.blob(receipt, 'sub/text'));
    expect((await toy.run('two')).outcome).toBe('kept');
    expect((await toy.run('one')).outcome).toBe('produced');
  });
});

describe('a tampered receipt', () => {
  const edits: [name: string, edit: (text: string) => string][] = [
    ['torn', (text) => text.slice(0, 100)],
    ['empty', () => ''],
    ['edited', (text) => text.replace('"words": 3', '"words": 4')],
    [
      'without a file',
      (text) => receiptTextWith(text, (receipt) => ({ ...receipt, files: receipt.files.slice(1) })),
    ],
    ['of other bytes', (text) => receiptTextWith(text, (receipt) => ({ ...receipt, stage: 'other' }))],
  ];

  it.each(edits)('beside the artifacts that is %s is restored', async (_, edit) => {
    const toy = await ToyStage.make();
    const { receipt, folder } = await toy.run('one');
    const file = join(folder, 'receipt.json');
    await writeFile(file, edit(await readFile(file, 'utf8')));
    expect((await toy.run('one')).outcome).toBe('restored');
    expect(toy.said).toEqual([
      `toy: ${file} is damaged or was edited; it is not used`,
      'toy: restored from the store',
    ]);
    expect(await readReceipt(file)).toEqual(receipt);
    await toy.expectResult('one');
  });

  it.each(edits)('on both sides that is %s is produced again', async (_, edit) => {
    const toy = await ToyStage.make();
    const { receipt, folder } = await toy.run('one');
    for (const file of [
      join(folder, 'receipt.json'),
      toy.at('.flexattn', 'receipts', `${receipt.key}.json`),
    ]) {
      await writeFile(file, edit(await readFile(file, 'utf8')));
    }
    expect(await toy.run('one')).toMatchObject({ outcome: 'produced', receipt });
    await toy.expectResult('one');
  });

  it('that names a file outside is refused', async () => {
    const toy = await ToyStage.make();
    const { receipt, folder } = await toy.run('one');
    const files = receipt.files.map((file) => ({ ...file, path: `../../../${file.path}` }));
    const { stage, inputs, parameters, tools, summary } = receipt;
    const forged = receiptText(sealReceipt({ stage, inputs, parameters, tools, summary, files }));
    await writeFile(toy.at('.flexattn', 'receipts', `${receipt.key}.json`), forged);
    await expect(toy.run('one')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
    await writeFile(join(folder, 'receipt.json'), forged);
    await expect(toy.run('one')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
    expect((await readdir(toy.workspace)).sort()).toEqual(['.flexattn', 'runs']);
  });
});

function receiptTextWith(text: string, change: (receipt: Receipt) => object): string {
  return JSON.stringify(change(JSON.parse(text) as Receipt));
}

describe('work that fails', () => {
  it.each<[name: string, failure: Error, code: string | undefined]>([
    ['with an error of ours', new StageError('BAD_CONTENT', 'bad'), 'BAD_CONTENT'],
    ['with a bug', new TypeError('bug'), undefined],
    ['on a full disk', Object.assign(new Error('x'), { code: 'ENOSPC', errno: -28 }), 'DISK_FULL'],
  ])('%s leaves nothing', async (_, failure, code) => {
    const toy = await ToyStage.make();
    const produce = async (folder: string) => {
      await writeFile(join(folder, 'half'), 'half');
      throw failure;
    };
    const error: unknown = await toy.run('one', { produce }).catch((caught: unknown) => caught);
    if (code === undefined) expect(error).toBe(failure);
    else expect(error).toMatchObject({ code });
    expect(await toy.files()).toEqual({});
    await toy.expectNothingTemporary();
    expect((await toy.run('one')).outcome).toBe('produced');
  });

  it('keeps the old result', async () => {
    const toy = await ToyStage.make();
    await toy.run('one');
    const before = await toy.files('runs');
    await expect(toy.run('two', { produce: () => Promise.reject(new Error('x')) })).rejects.toThrow('x');
    expect(await toy.files('runs')).toEqual(before);
    expect((await toy.run('one')).outcome).toBe('kept');
  });

  it.each([
    ['a receipt of its own', 'receipt.json', null],
    ['a summary that JSON cannot hold', 'a', NaN],
  ])('because of %s', async (_, name, summary) => {
    const toy = await ToyStage.make();
    const produce = async (folder: string) => {
      await writeFile(join(folder, name), '{}');
      return summary;
    };
    await expect(toy.run('one', { produce })).rejects.toThrow(
      /receipt.json of its own|not a JSON value: NaN/,
    );
    await toy.expectNothingTemporary();
  });

  it.each([
    ['run', '../other'],
    ['run', '/other'],
    ['stage', '../other'],
    ['stage', '/../../other'],
  ])('because its %s is %j', async (name, value) => {
    const toy = await ToyStage.make();
    await expect(toy.run('one', { [name]: value })).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
    expect(toy.produced).toBe(0);
  });
});

const PRODUCE = `
  import { writeFile } from 'node:fs/promises';
  import { runStage } from './src/index.js';
  const workspace = process.argv[2];
  await runStage({
    workspace, run: 'tiny', stage: 'toy',
    inputs: { data: 'a'.repeat(64) }, parameters: { text: 'one' }, tools: { node: '20' },
    produce: async (folder) => {
      await writeFile(folder + '/half', 'half');
      console.log('producing');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    },
  });`;

describe('a process that produces', () => {
  it('is alone, and leaves room for a clean run when it was killed', async () => {
    const lib = await CompiledLib.make();
    try {
      const toy = await ToyStage.make();
      await toy.run('old');
      const script = await lib.start(PRODUCE, toy.workspace);
      await script.said('producing');
      await expect(toy.run('one')).rejects.toMatchObject({ code: 'LOCKED', exitCode: 75 });
      expect((await toy.run('old', { run: 'other' })).outcome).toBe('restored');
      script.kill('SIGKILL');
      await script.ended;
      expect(Object.keys(await toy.files('runs', 'tiny', 'toy.staging'))).toEqual(['half']);
      expect(await readFile(toy.at('runs', 'tiny', 'toy', 'sub', 'text'), 'utf8')).toBe('text old');
      expect((await toy.run('one')).outcome).toBe('produced');
      await toy.expectResult('one');
    } finally {
      await lib.remove();
    }
  });

  it('in the same workspace at once with others gives each its result', async () => {
    const toy = await ToyStage.make();
    const results = await Promise.all(['a', 'b', 'c', 'd'].map((run) => toy.run('one', { run })));
    expect(new Set(results.map(({ receipt }) => receipt.sha256)).size).toBe(1);
    for (const { folder } of results) {
      expect(await readFile(join(folder, 'sub', 'text'), 'utf8')).toBe('text one');
    }
    await toy.expectNothingTemporary();
  });
});

describe('isIntact', () => {
  it.each<[name: string, change: (folder: string) => Promise<unknown>, answer: boolean]>([
    ['a whole result', () => Promise.resolve(), true],
    ['no folder', (folder) => rm(folder, { recursive: true }), false],
    ['no receipt', (folder) => rm(join(folder, 'receipt.json')), false],
    ['a torn receipt', (folder) => truncate(join(folder, 'receipt.json'), 50), false],
    ['a missing file', (folder) => rm(join(folder, 'constant')), false],
    ['a changed file', (folder) => flipBit(join(folder, 'constant')), false],
    ['a file more', (folder) => writeFile(join(folder, 'more'), ''), true],
  ])('%s', async (_, change, answer) => {
    const toy = await ToyStage.make();
    const { folder } = await toy.run('one');
    await change(folder);
    const fingerprints = await Fingerprints.open(toy.at('.flexattn', 'fingerprints.tsv'));
    expect(await isIntact(folder, fingerprints)).toBe(answer);
  });

  it('and readReceipt refuse a receipt that is a folder', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'receipt.json'));
    await expect(readReceipt(join(folder, 'receipt.json'))).rejects.toMatchObject({ code: 'NOT_A_FILE' });
  });
});

describe('artifactsHash', () => {
  const hashAfter = async (text: string, change: Partial<StageRun> = {}, more?: string) => {
    const toy = await ToyStage.make();
    const { folder } = await toy.run(text, change);
    if (more !== undefined) await writeFile(join(folder, more), '');
    return artifactsHash(folder);
  };

  it('is that of the artifacts, whoever made them', async () => {
    const hash = await hashAfter('one');
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashAfter('one', { tools: { node: '22' } })).toBe(hash);
    expect(await hashAfter('two')).not.toBe(hash);
  });

  it('is not told where a file lies there that no receipt lists, or no receipt', async () => {
    expect(await hashAfter('one', {}, 'more')).toBeUndefined();
    expect(await artifactsHash(await temporaryFolder())).toBeUndefined();
  });
});
