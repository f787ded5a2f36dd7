import { formatted } from '../docs/formatted.js';
import type { MachineFacts } from './machine.js';
import type { BenchResult } from './result.js';
import { markdownTable, RESULT_COLUMNS, resultCells } from './result-table.js';

/** What a run of all benchmarks gave. */
export interface BenchmarksRun extends MachineFacts {
  rooms: readonly { name: string; args: readonly string[]; results: readonly BenchResult[] }[];
  /** Sizes and repetitions were small. */
  quick: boolean;
  minutes: number;
}

const GPU = `## On a GPU

Not part of the run above; each says what it misses where there is no such device:

\`\`\`text
npm run bench -- runtime --device cuda --size 7b --dtype F16 --tokens 64 --bandwidth 3350     # GB/s of the card
npm run bench -- runtime --device webgpu --size 7b --dtype F16 --tokens 64 --bandwidth 3350
npm run bench -- train --device cuda
\`\`\`

They print seconds to the first token, tokens a second, and the share of the memory's bandwidth.`;

const OTHERS = `## What is not in the table

\`\`\`text
npm run bench -- cache             # nx run pipeline:all with every stage cached
npm run bench -- seven-billion     # 7B shapes in int4 on the processor: 5 GB of disk, 24 GB of memory
npm run bench -- scaling           # time against size: scaling.md
npm run bench -- --compare main    # this tree against a revision, in turns; exit code 1 where it is over 10 % slower
\`\`\`

A slowdown counts where the 95 % interval of the ratio of both revisions (t distribution of the logarithms, by pairs of
runs that followed each other) lies above 1.10 as a whole. [scaling.md](scaling.md) has the curves, [cost.md](cost.md)
what an item costs by formulas.`;

/** `docs/benchmarks.md`. */
export function benchmarksPage(run: BenchmarksRun, root: string): Promise<string> {
  const { rooms, quick, minutes, machine, versions, date } = run;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const command = `npm run bench${quick ? ' -- --quick' : ''}`;
  const head = `# Benchmarks

Every line was measured on both sides in the same run, in turns. \`ours\` and \`baseline\` are medians, the ratio is
baseline / ours of the medians, its spread that of the single repetitions; of memory, the peak of the process.
${quick ? '\n**Small sizes and few repetitions (`--quick`)**, to try the command: no figures to quote.\n' : ''}
| what | |
| --- | --- |
| command | \`${command}\` (${minutes.toFixed(0)} min) |
| date | ${date} |
| machine | ${machine} |
| versions | ${named.join(', ')} |`;
  const rows = rooms.flatMap(({ name, results }) => results.map((result) => [name, ...resultCells(result)]));
  const table = markdownTable(['benchmark', ...RESULT_COLUMNS], rows);
  const sizes = rooms.map(({ name, args }) => `npm run bench -- ${[name, ...args].join(' ')}`);
  const alone = `One alone, with the same sizes:\n\n\`\`\`text\n${sizes.join('\n')}\n\`\`\``;
  const made = `Made by \`${command}\`.`;
  return formatted([head, table, alone, OTHERS, GPU, made].join('\n\n'), root);
}
