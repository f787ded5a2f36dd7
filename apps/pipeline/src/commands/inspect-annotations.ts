import type { Command } from 'commander';
import { resultLine } from '../events.js';
import { positiveInteger, wholeNumber } from '../flags.js';
import { abortOnSignals } from '../signals.js';

/** Adds the options and examples that `flexattn inspect` has for an annotation file. */
export function addInspectOptions(command: Command): void {
  command
    .option(
      '--images <dir>',
      "annotations: the folder that the images' names start from; looks each of them up",
    )
    .option('--sheet <file>', 'annotations: draws some samples with their first questions into this PNG file')
    .option('--samples <n>', 'annotations: samples on the sheet, 1 to 200', positiveInteger)
    .option('--seed <n>', 'annotations: which samples', wholeNumber)
    .option('--dry-run', 'annotations: choose the samples for the sheet, and draw nothing')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn inspect tools/tiny/world/data/annotations.json --images tools/tiny/world/data/images --sheet sheet.png\n',
    );
}

/** Tells what is in the annotation file `path`, and draws a sheet where one is asked for. */
export async function inspectAnnotations(
  path: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { formatInspectReport, inspectDataset } = await import('@flexattn/data-prep');
  const { images, sheet, samples, seed, dryRun, json, quiet = false } = flags as InspectFlags;
  const asked = { images, sheet, samples, seed, dryRun, quiet };
  const report = await inspectDataset({ annotations: path, ...asked, signal: abortOnSignals() });
  process.stdout.write(json === true ? resultLine(report) : `${formatInspectReport(report)}\n`);
}

/** What commander parses the options of `addInspectOptions`, and `--json`, into. */
interface InspectFlags {
  images?: string;
  sheet?: string;
  samples?: number;
  seed?: number;
  dryRun?: boolean;
  json?: boolean;
  quiet?: boolean;
}
