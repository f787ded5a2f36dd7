import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './benchmarks.fixture.js';
import { openJournal } from './journal.js';

const key = (digit: number) => String(digit).repeat(64);

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  return () => rm(folder, { recursive: true });
});

describe('openJournal', () => {
  it('gives back what was kept, at once and when it is opened again', async () => {
    const values = [1, 'two\n\u2028', { three: ['é', null] }, 'x'.repeat(1 << 20)];
    const journal = await openJournal(join(folder, 'new/journal'));
    await Promise.all(values.map((value, i) => journal.keep(key(i), value)));
    const again = await openJournal(join(folder, 'new/journal'));
    for (const one of [journal, again]) {
      for (const [i, value] of values.entries()) expect(await one.get(key(i))).toEqual(value);
      expect([one.has(key(0)), one.has(key(9)), await one.get(key(9))]).toEqual([true, false, undefined]);
      await one.close();
    }
  });

  it('may be shared by writers that know nothing of each other', async () => {
    const journals = await Promise.all([1, 2, 3].map(() => openJournal(folder)));
    await Promise.all(
      journals.flatMap((journal, i) => [journal.keep(key(i), i), journal.keep(key(7), 'same')]),
    );
    const all = await openJournal(folder);
    expect(await Promise.all([0, 1, 2, 7].map((digit) => all.get(key(digit))))).toEqual([0, 1, 2, 'same']);
    for (const one of [...journals, all]) await one.close();
    expect(await readdir(folder)).toHaveLength(3);
  });

  it('passes over what is no line of its own', async () => {
    const journal = await openJournal(folder);
    await journal.keep(key(1), 'good');
    await journal.close();
    const check = '0'.repeat(16);
    await writeFile(join(folder, 'strange.jsonl'), `\n{}\n${key(2)} ${check} "bad"\n${key(3)}`);
    const again = await openJournal(folder);
    expect([1, 2, 3].map((digit) => again.has(key(digit)))).toEqual([true, false, false]);
    await again.close();
  });

  it('says why a value cannot be kept, and keeps the next one', async () => {
    const place = join(folder, 'journal');
    const journal = await openJournal(place);
    await rm(place, { recursive: true });
    await expect(journal.keep(key(1), 1)).rejects.toThrow(/FILE_MISSING/);
    await mkdir(place);
    await journal.keep(key(2), 2);
    expect([journal.has(key(1)), await journal.get(key(2))]).toEqual([false, 2]);
    await journal.close();
  });
});
