import { cpus, release, totalmem, type } from 'node:os';
import { execFileSync } from 'node:child_process';
import { pythonProgram } from './checkout.js';
import type { Proved } from './run-proof.js';

/** Where and with what the proofs ran. */
export interface Surroundings {
  date: string;
  machine: string;
  system: string;
  node: string;
  torch: string;
  command: string;
}

/** What this machine is; `args`: those of the command. */
export function surroundings(args: readonly string[], date: Date): Surroundings {
  const [cpu] = cpus();
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  const torch = execFileSync(pythonProgram(), ['-c', 'import torch; print(torch.__version__)'], {
    encoding: 'utf8',
  });
  return {
    date: date.toISOString().slice(0, 10),
    machine: `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${gigabytes} GiB`,
    system: `${type()} ${release()}`,
    node: process.versions.node,
    torch: torch.trim(),
    command: ['npm run prove', ...(args.length === 0 ? [] : ['--', ...args])].join(' '),
  };
}

/** How a proof ended, in one word. */
export function verdict({ failures, skipped }: Proved): 'holds' | 'FAILS' | 'not tried' {
  if (failures.length > 0) return 'FAILS';
  return skipped === undefined ? 'holds' : 'not tried';
}

/** The table of all promises as Markdown, with what breaks them and where it was tried. */
export function proofPage(proved: readonly Proved[], at: Surroundings, seed: number): string {
  return [
    '# Proof',
    '',
    'What the product promises about failures, tried on real processes and files by one command.',
    'A run is a small one: six pictures, two training steps, three questions.',
    '',
    '```text',
    at.command,
    '```',
    '',
    `Run on ${at.date} with seed ${seed}, on ${at.machine}, ${at.system}, Node ${at.node}, torch ${at.torch}: ${time(sum(proved))}.`,
    'The same seed makes the same trials; `npm run prove -- NAME` runs one row, `--scale 0.1` a tenth of each.',
    '',
    lineOf(['promise', 'test', 'figure', 'result']),
    lineOf(['---', '---', '---', '---']),
    ...proved.map((row) => rowOf(row)),
    '',
    ...proved.map(brokenPart),
  ].join('\n');
}

/** A page with what became of these promises in the place of what it told of them, and the day. */
export function updatedPage(page: string, proved: readonly Proved[], { date }: Surroundings): string {
  let updated = page;
  for (const row of proved) {
    const { promise } = row.proof;
    const older = updated.split('\n').find((line) => line.startsWith(`| ${cellText(promise)} `));
    if (older === undefined) throw new Error(`the page has no row of "${promise}": run all of it`);
    const [before = '', after = ''] = updated.split(`${brokenTitle(promise)}\n`);
    const rest = after.slice(Math.max(after.search(/^## /m), 0));
    updated = `${before}${/^## /m.test(after) ? rest : ''}`.replace(older, () => rowOf(row, ` (${date})`));
    updated = `${updated.trimEnd()}\n\n${brokenPart(row)}`;
  }
  return updated;
}

function rowOf(row: Proved, when = ''): string {
  const { promise, test } = row.proof;
  return lineOf([promise, test, row.skipped ?? row.figure, `${verdict(row)}, ${time(row.seconds)}${when}`]);
}

const brokenTitle = (promise: string) => `## What breaks "${promise}"`;

/** Nothing where the promise held. */
function brokenPart({ proof, failures }: Proved): string {
  if (failures.length === 0) return '';
  const lines = failures.map((line) => `- ${line.replaceAll('\n', ' ')}\n`);
  return `${brokenTitle(proof.promise)}\n\n${lines.join('')}`;
}

const lineOf = (cells: readonly string[]) => `| ${cells.map(cellText).join(' | ')} |`;

const cellText = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const sum = (proved: readonly Proved[]) => proved.reduce((all, { seconds }) => all + seconds, 0);

function time(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
}
