import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectErrorCodes } from './error-codes.js';
import { errorPage } from './error-page.js';

const ROOT = join(import.meta.dirname, '../..');
const families = collectErrorCodes(ROOT);
const of = (className: string, code: string) =>
  families.find((family) => family.className === className)?.codes.find((one) => one.code === code);

describe('docs/errors.md', () => {
  it('is what the sources say', async () => {
    expect(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')).toBe(await errorPage(ROOT));
  });

  it('has the error class of every room', () => {
    expect(families.map(({ className }) => className).sort()).toEqual(
      ['DataPrep', 'Eval', 'ModelPrep', 'Pipeline', 'Runtime', 'Stage', 'Train'].map(
        (name) => `${name}Error`,
      ),
    );
  });

  it.each(families)('has a meaning and a remedy for each code of $className', ({ codes }) => {
    expect(codes.length).toBeGreaterThan(0);
    const lacking = codes.filter(({ meaning, remedies }) => meaning === '' || remedies.length === 0);
    expect(lacking.map(({ code }) => code)).toEqual([]);
  });
});

describe('what is found where a code is raised', () => {
  it.each([
    [
      'at a constructor',
      'StageError',
      'LOCKED',
      /^process <pid> on <host> is working here$/,
      /^wait for it/,
      75,
    ],
    [
      'in a table of the file',
      'StageError',
      'DISK_FULL',
      /^the disk quota is used up$/,
      /^free some space/,
      74,
    ],
    [
      'through a function',
      'ModelPrepError',
      'TRAILING_BYTES',
      /bytes of data, got <dataBytes>$/,
      /get it again$/,
      2,
    ],
    [
      'through a method',
      'ModelPrepError',
      'PICKLE_CALL',
      /^expected a dict to add to.*offset/,
      /state dict/,
      2,
    ],
    ['behind a default', 'DataPrepError', 'NOT_JSON', /^expected <expected>$/, /^mend this place/, 2],
    ['in a choice of two', 'ModelPrepError', 'HOLE', /^expected the directory behind/, /\w/, 2],
  ])('%s', (_, className, code, message, remedy, exitCode) => {
    const found = of(className, code);
    expect(found?.messages).toContainEqual(expect.stringMatching(message));
    expect(found?.remedies).toContainEqual(expect.stringMatching(remedy));
    expect(found?.exitCodes).toContain(exitCode);
  });

  it('does not take a comparison for it', () => {
    expect(of('StageError', 'PROGRAM_FAILED')?.messages).toHaveLength(1);
  });
});
