import { InvalidArgumentError, Option, type Command } from 'commander';
import type { CompileReport, Precision, Selection } from '@flexattn/flexattn-runtime';
import { resultLine } from '../events.js';
import { byteSize } from '../byte-size.js';
import { PipelineError } from '../errors.js';
import { wholeNumber } from '../flags.js';
import { modelFingerprints } from '../model-fingerprints.js';
import { PRECISIONS, SELECTIONS } from '../selections.js';
import { abortOnSignals } from '../signals.js';
import type { DirectMode } from './direct-mode.js';

interface CompileFlags {
  checkpoint?: string;
  out?: string;
  selection?: Selection;
  share?: number;
  seed?: number;
  threshold?: number;
  firstLayer?: number;
  precision?: Precision;
  blockSize?: 32 | 128;
  json?: boolean;
  dryRun?: boolean;
}

const OPTIONS = ['checkpoint', 'out', 'selection', 'share', 'seed', 'threshold', 'firstLayer', 'precision'];

/** `flexattn compile --checkpoint DIR --out DIR`: graphs over a checkpoint's weights, without a configuration. */
export const compileDirect: DirectMode = {
  addOptions(command: Command): void {
    command
      .option('--checkpoint <dir>', 'a LLaVA checkpoint folder; needs no configuration')
      .option('--out <dir>', 'the compiled folder')
      .addOption(
        new Option(
          '--selection <name>',
          'what is seen in high resolution; default: attention, where the checkpoint can',
        ).choices(SELECTIONS),
      )
      .option('--share <part>', 'of the picture, 0 to 1, for random and centre (default: 0.1)', figure)
      .option('--seed <n>', 'for random (default: 0)', wholeNumber)
      .option('--threshold <n>', 'instead of extra.threshold, on a 0-255 scale', figure)
      .option('--first-layer <n>', 'the first layer that selects, from 0', wholeNumber)
      .addOption(
        new Option(
          '--precision <name>',
          'store the weight matrices in fewer bits (default: "float")',
        ).choices(PRECISIONS),
      )
      .option('--block-size <n>', 'weights that share a scale, 32 or 128 (default: 32)', blockSize)
      .addHelpText(
        'after',
        '  flexattn compile --checkpoint checkpoints/flexattn-7b --out compiled/flexattn-7b --precision int4\n',
      );
  },

  isAskedFor: (flags) => OPTIONS.some((name) => name in flags) || 'blockSize' in flags,

  async run(flags: CompileFlags): Promise<void> {
    const { checkpoint, out, firstLayer, json = false, dryRun = false, ...settings } = flags;
    if (checkpoint === undefined || out === undefined) {
      const what = 'expected --checkpoint and --out together';
      const hint = 'name both; in a configuration, models[] hold the other options';
      throw new PipelineError('BAD_CONFIG', what, { hint });
    }
    const { selection, share, seed, threshold, precision, blockSize } = settings;
    const { compileModel } = await import('@flexattn/flexattn-runtime');
    const report = await compileModel({
      ...{ checkpoint, out, selection, share, seed, threshold, precision, blockSize, dryRun },
      firstSelectingLayer: firstLayer,
      fingerprints: modelFingerprints(process.env),
      signal: abortOnSignals(),
    });
    process.stdout.write(
      json ? resultLine({ out, ...report }, dryRun ? 'preview' : 'result') : reportText(report, out, dryRun),
    );
  },
};

function reportText(report: CompileReport, out: string, dryRun: boolean): string {
  const { settings, precision, graphs, weightBytes, quantised, files } = report;
  const graphBytes = Object.values(graphs).reduce((sum, bytes) => sum + bytes, 0);
  const chosen = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const lines = [
    `${dryRun ? 'would write' : 'wrote'} ${files + 1} files to ${out}`,
    chosen.join(', '),
    `precision ${precision}; graphs ${byteSize(graphBytes)}, weights ${byteSize(weightBytes)}`,
  ];
  const worst = quantised.toSorted((a, b) => b.error - a.error)[0];
  if (worst !== undefined) {
    const mean = quantised.reduce((sum, { error }) => sum + error, 0) / quantised.length;
    lines.push(
      `${quantised.length} matrices changed by ${percent(mean)} on average, ${worst.name} by ${percent(worst.error)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function figure(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('expected a number of at least 0.');
  return value;
}

function blockSize(text: string): 32 | 128 {
  if (text === '32') return 32;
  if (text === '128') return 128;
  throw new InvalidArgumentError('expected 32 or 128.');
}
