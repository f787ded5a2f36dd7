import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differences, tornFiles } from './world-files.js';
import { proofPage, updatedPage, verdict } from './proof-page.js';
import type { Proof } from './proof.js';
import { PROOFS } from './rows.js';
import { ProofFolder, runProof } from './run-proof.js';
import type { Proved } from './run-proof.js';

/** Trials of the short form, where one is too few; a training is killed once. */
const SHORT: Readonly<Record<string, number>> = { 'parent-dies': 2, damage: 6, faults: 6, soak: 5 };
const MOST_MS = 240_000;

describe('the short form of', () => {
  let place: ProofFolder;
  beforeAll(async () => {
    place = await ProofFolder.make();
    await place.finished();
  }, MOST_MS);
  afterAll(() => place.remove());

  it.each(PROOFS.map((proof) => [proof.name, proof] as const))(
    '%s holds',
    async (name, proof) => {
      const options = { seed: 1, scale: (SHORT[name] ?? 1) / proof.count, quiet: true };
      const proved = await runProof(proof, place, { ...options, signal: new AbortController().signal });
      expect(proved.failures).toEqual([]);
    },
    MOST_MS,
  );
});

describe('files after a kill', () => {
  const reference = new Map([
    ['runs/small/clean/report.json', 'a'],
    ['runs/small/launch/flexattn/trainer.log', 'b'],
  ]);

  it.each([
    ['nothing', [], []],
    ['the same bytes', [['runs/small/clean/report.json', 'a']], []],
    ['a log with other rates', [['runs/small/launch/flexattn/trainer.log', 'c']], []],
    ['what a killed process was writing', [['runs/small/clean.staging/report.json', 'c']], []],
    ['half of a file', [['runs/small/clean/report.json', 'c']], ['other bytes than an uninterrupted run']],
    ['a file of no run', [['runs/small/clean/x', 'c']], ['not a file of an uninterrupted run']],
  ] as const)('%s', (_, found, problems) => {
    const torn = tornFiles(new Map(found), reference);
    expect(torn.map((line) => line.slice(line.indexOf(': ') + 2))).toEqual(problems);
  });

  it('must be complete, and no other, once a run has ended well', () => {
    const found = new Map([['runs/small/clean.staging/report.json', 'a']]);
    expect(differences(found, reference)).toEqual([
      'runs/small/clean/report.json: missing',
      'runs/small/clean.staging/report.json: left over',
    ]);
  });
});

describe('the page', () => {
  const proof: Proof = {
    name: 'x',
    promise: 'a | b',
    test: 'tried',
    count: 1,
    prove: () => Promise.resolve({ figure: '', failures: [] }),
  };
  const row: Proved = { proof, count: 1, seconds: 61, figure: '3 of 3', failures: [] };
  const at = {
    date: '2026-01-02',
    machine: 'm',
    system: 's',
    node: '20',
    torch: '2',
    command: 'npm run prove',
  };

  it('tells what held, and what was not tried for which reason', () => {
    expect(proofPage([row], at, 7)).toContain('| a \\| b | tried | 3 of 3 | holds, 61 s |');
    expect(proofPage([{ ...row, skipped: 'no root' }], at, 7)).toContain('| no root | not tried, 61 s |');
  });

  it('names the moment that shows a broken promise again', () => {
    const failed = { ...row, failures: ['seed 7, kill 3: torn'] };
    expect(verdict(failed)).toBe('FAILS');
    expect(proofPage([failed], at, 7)).toContain('- seed 7, kill 3: torn');
  });

  it('takes the rows of a later run, with their day, and what breaks them', () => {
    const other = { ...row, proof: { ...proof, promise: 'other' }, failures: ['seed 7: lost'] };
    const failed = { ...row, failures: ['seed 7, kill 3: torn'] };
    const before = proofPage([failed, other], at, 7);
    const later = { ...at, date: '2026-02-03' };
    const held = updatedPage(before, [row], later);
    expect(held).toContain('| a \\| b | tried | 3 of 3 | holds, 61 s (2026-02-03) |');
    expect(held).not.toContain('torn');
    expect(held).toContain('## What breaks "other"\n\n- seed 7: lost');
    expect(updatedPage(held, [failed], later)).toContain('## What breaks "a | b"\n\n- seed 7, kill 3: torn');
    expect(() => updatedPage('', [row], later)).toThrow('the page has no row of "a | b"');
  });
});
