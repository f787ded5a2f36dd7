import { join, resolve } from 'node:path';
import { writeFileAtomic } from '@flexattn/stage';
import { formatted } from '../docs/formatted.js';
import { machineFacts, type MachineFacts } from './machine.js';
import { alignedTable, markdownTable } from './result-table.js';
import { scaleClean } from './scaling-clean.js';
import { scaleGenerate } from './scaling-generate.js';
import { scaleInfer } from './scaling-infer.js';
import { curvesPicture, type Curves } from './scaling-plot.js';

/** Some work at several sizes. */
export interface ScalingPart {
  title: string;
  /** How it was measured. */
  text: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** By file name, without its ending. */
  drawings: Readonly<Record<string, Curves>>;
}

/** What the command line says. */
export interface ScalingFlags {
  quick: boolean;
  json: boolean;
  /** Folder of the page; default `docs`, with `quick` a folder that git ignores. */
  out?: string | undefined;
}

const SIZES = {
  whole: { samples: [10_000, 100_000, 1_000_000], zooms: [1, 2, 3, 4], questions: 3, runs: 5 },
  quick: { samples: [1000, 10_000], zooms: [1, 2], questions: 1, runs: 2 },
};

/** Measures every part, draws it, and writes `scaling.md` with its drawings. */
export async function drawScaling(
  root: string,
  { quick, json, out = quick ? 'runs/bench' : 'docs' }: ScalingFlags,
  signal: AbortSignal,
): Promise<void> {
  const { samples, zooms, questions, runs } = SIZES[quick ? 'quick' : 'whole'];
  const measure = [
    () => scaleClean(samples, runs),
    () => scaleGenerate(zooms, runs),
    () => scaleInfer(questions, runs),
  ];
  const parts: ScalingPart[] = [];
  for (const one of measure) {
    signal.throwIfAborted();
    const part = await one();
    parts.push(part);
    process.stderr.write(`${part.title}\n${alignedTable(part.head, part.rows)}\n\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify(parts, null, 2)}\n`);
  const folder = resolve(root, out);
  for (const { drawings } of parts)
    for (const [name, curves] of Object.entries(drawings))
      await writeFileAtomic(join(folder, `${name}.svg`), curvesPicture(curves));
  await writeFileAtomic(
    join(folder, 'scaling.md'),
    await scalingPage(parts, await machineFacts(), { root, quick }),
  );
}

/** The page. */
export function scalingPage(
  parts: readonly ScalingPart[],
  { machine, versions, date }: MachineFacts,
  { root, quick }: { root: string; quick: boolean },
): Promise<string> {
  const command = `npm run bench -- scaling${quick ? ' --quick' : ''}`;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const head = `# Time against size

Made by \`${command}\` on ${date}: ${machine}; ${named.join(', ')}. Lines go through medians, bars from the least to the greatest
repetition.${quick ? '\n\n**Small sizes and few repetitions (`--quick`)**, to try the command: no figures to quote.' : ''}`;
  const sections = parts.map(({ title, text, head: columns, rows, drawings }) => {
    const pictures = Object.entries(drawings).map(([name, curves]) => `![${curves.title}](${name}.svg)`);
    return [`## ${title}`, text, pictures.join('\n'), markdownTable(columns, rows)].join('\n\n');
  });
  return formatted([head, ...sections].join('\n\n'), root);
}
