import { tellLine } from '@flexattn/stage';
import type { InitOptions, InitReport, InitStrategy } from '@flexattn/model-prep';
import { resultLine } from '../events.js';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { PipelineError } from '../errors.js';
import { rememberingModels } from '../model-fingerprints.js';
import { byteSize } from '../byte-size.js';
import { abortOnSignals } from '../signals.js';
import type { DirectMode } from './direct-mode.js';
import { downloadText } from './download.js';
import { localCheckpoint } from './local-checkpoint.js';

const STRATEGIES = ['copy', 'random', 'zero'] as const satisfies readonly InitStrategy[];

/** What belongs to a checkpoint by path; a configuration has settings of its own for it. */
const OWN_FLAGS = ['checkpoint', 'out', 'inPlace', 'from', 'strategy', 'seed', 'extra', 'force', 'offline'];

const flagsSchema = z.object({
  checkpoint: z.string(),
  out: z.string().optional(),
  from: z.string().optional(),
  inPlace: z.boolean().default(false),
  strategy: z.enum(STRATEGIES).optional(),
  seed: z.number().optional(),
  extra: z.record(z.string(), z.string()).optional(),
  force: z.boolean().default(false),
  offline: z.boolean().default(false),
  json: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  quiet: z.boolean().optional(),
});

/** `flexattn init --checkpoint DIR --out DIR`: a checkpoint gets high-resolution projections, without a configuration. */
export const initDirect: DirectMode = {
  addOptions(command: Command): void {
    command
      .option(
        '--checkpoint <dir>',
        'a checkpoint folder, or hub:owner/name[@revision]; needs no configuration',
      )
      .option('--out <dir>', 'the new folder')
      .option('--in-place', "add to the checkpoint's own folder instead")
      .option(
        '--from <prefix>',
        'what stands in front of "layers.0." in its tensor names (default: "model.")',
      )
      .addOption(
        new Option('--strategy <name>', 'values of new projections (default: "copy")').choices(STRATEGIES),
      )
      .option('--seed <n>', 'of --strategy random (default: 0)', wholeNumber)
      .option('--extra <key=value...>', 'settings for "extra" in config.json, as highres_size=1008', setting)
      .option('--force', 'replace trained projections by new ones')
      .option('--offline', 'use the network for nothing')
      .addHelpText(
        'after',
        '  flexattn init --checkpoint checkpoints/llava-v1.5-7b --out checkpoints/flexattn-7b\n',
      );
  },

  isAskedFor: (flags) => OWN_FLAGS.some((name) => name in flags),

  async run(raw): Promise<void> {
    if (raw['checkpoint'] === undefined) {
      const hint = 'name the checkpoint, or leave the options away that belong to it';
      throw new PipelineError('BAD_CONFIG', 'expected --checkpoint, got only its options', { hint });
    }
    const { json, offline, quiet = false, ...flags } = flagsSchema.parse(raw);
    const signal = abortOnSignals();
    const { dryRun } = flags;
    const { folder: checkpoint, download } = await localCheckpoint(flags.checkpoint, {
      offline,
      quiet,
      signal,
      dryRun,
    });
    if (dryRun && download?.files.some(({ how }) => how !== 'kept')) {
      process.stdout.write(json ? resultLine(download, 'preview') : downloadText(download, checkpoint, true));
      return;
    }
    const warn = (line: string): void => tellLine(line);
    const options: InitOptions = { ...flags, checkpoint, progress: !quiet, warn, signal };
    const { initialiseHighResProjections } = await import('@flexattn/model-prep');
    const report = await rememberingModels((fingerprints) =>
      initialiseHighResProjections({ ...options, fingerprints }),
    );
    const target = flags.inPlace ? checkpoint : (flags.out ?? '');
    process.stdout.write(
      json
        ? resultLine({ out: target, ...report }, dryRun ? 'preview' : 'result')
        : reportText(report, target, dryRun),
    );
  },
};

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number.');
  return Number(text);
}

/** `key=value` into the settings that were given before. */
function setting(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] =
    /^(lowres_size|highres_size|zoom_ratio|threshold|warmup|select_from_layer)=(\d+)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError(
      'expected lowres_size, highres_size, zoom_ratio, threshold, warmup or select_from_layer, "=" and a whole number.',
    );
  }
  return { ...before, [key]: value };
}

const SAID: Record<InitReport['state'], string> = {
  initialised: 'every layer gets new projections',
  completed: 'the missing projections are added',
  already: 'every layer has its projections; nothing to add',
  trained: 'the projections are trained and left alone (--force replaces them)',
};

function reportText(
  { state, added, bytes, layers, files }: InitReport,
  out: string,
  dryRun: boolean,
): string {
  const written = files.filter(({ how }) => how === 'written').map(({ path }) => path);
  const lines = [
    `${state}: ${SAID[state]}`,
    `${layers} layers, ${added} tensors added, ${byteSize(bytes)}`,
    ...(written.length === 0
      ? [`nothing ${dryRun ? 'would be' : 'was'} written anew`]
      : [`${dryRun ? 'would write' : 'wrote'} to ${out}: ${written.join(', ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}
