/**
 * Tries what the product promises about failures, on real processes and files:
 *
 *     npm run prove -- [NAME...] [--seed N] [--scale SHARE] [--out FILE | --update | --no-write]
 *
 * Prints a table and writes it to docs/proof.md, unless it ran only a part; `--update` puts the rows of a part into the
 * page that is there. Ends with 1 where a promise was broken, and tells the moment that shows it again.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { StageError, writeFileAtomic } from '@flexattn/stage';
import { formatted } from '../docs/formatted.js';
import { proofPage, surroundings, updatedPage, verdict } from './proof-page.js';
import { PROOFS } from './rows.js';
import { ProofFolder, runProof } from './run-proof.js';
import type { Proved, RunOptions } from './run-proof.js';

const PAGE = 'docs/proof.md';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: '1' },
    out: { type: 'string' },
    update: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
  },
});
const [seed, scale] = [Number(values.seed), Number(values.scale)];
const chosen = PROOFS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !PROOFS.some((proof) => proof.name === name));
if (!Number.isSafeInteger(seed) || !(scale > 0) || unknown.length > 0) {
  const names = PROOFS.map(({ name }) => name).join(', ');
  console.error(
    'usage: npm run prove -- [NAME...] [--seed N] [--scale SHARE] [--out FILE | --update | --no-write]',
  );
  console.error(`NAME is one of ${names}`);
  process.exit(2);
}

if (values.update && scale !== 1) {
  console.error('--update wants whole rows, without --scale');
  process.exit(2);
}
const isWhole = positionals.length === 0 && scale === 1;
const out = values['no-write'] ? undefined : (values.out ?? (isWhole ? PAGE : undefined));

const abort = new AbortController();
for (const [name, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(name, () => {
    abort.abort(new StageError('INTERRUPTED', `stopped by ${name}`, { exitCode }));
  });

const proved = await proveAll({ seed, scale, signal: abort.signal });
const at = surroundings(process.argv.slice(2), new Date());
const page = proofPage(proved, at, seed);
console.log(`\n${page}`);
if (values.update && !values['no-write'])
  await writePage(PAGE, updatedPage(await readFile(PAGE, 'utf8'), proved, at));
else if (out !== undefined) await writePage(out, page);
process.exitCode = proved.some((row) => row.failures.length > 0) ? 1 : 0;

async function writePage(file: string, text: string): Promise<void> {
  await writeFileAtomic(file, await formatted(text, process.cwd()));
}

async function proveAll(options: RunOptions): Promise<Proved[]> {
  const place = await ProofFolder.make();
  try {
    const all: Proved[] = [];
    for (const proof of chosen) {
      const row = await runProof(proof, place, options);
      console.log(`${proof.name}: ${verdict(row)}; ${row.skipped ?? row.figure}`);
      for (const failure of row.failures) console.error(`  ${failure}`);
      all.push(row);
    }
    return all;
  } finally {
    await place.remove();
  }
}
