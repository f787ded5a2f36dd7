import type { Inspection, TensorGroup, TensorStatistics } from '@flexattn/model-prep';
import { resultLine } from '../events.js';
import { createProgress } from '@flexattn/stage';
import type { Command } from 'commander';
import { byteSize } from '../byte-size.js';
import { abortOnSignals } from '../signals.js';

/** Options of `flexattn inspect` that are about checkpoints. */
export interface InspectCheckpointFlags {
  stats?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Adds what a checkpoint can be asked about. */
export function addInspectOptions(command: Command): void {
  command
    .option('--stats', 'of a checkpoint: minimum, maximum, mean and number of NaN of every tensor')
    .addHelpText('after', '\nExample:\n  flexattn inspect checkpoints/llava-v1.5-7b --stats\n');
}

/** Prints what a checkpoint folder holds. */
export async function inspectCheckpoint(dir: string, flags: InspectCheckpointFlags): Promise<void> {
  const { inspectCheckpoint: inspect } = await import('@flexattn/model-prep');
  const { json = false, stats = false, quiet = false } = flags;
  const progress = createProgress({ label: 'inspect', unit: 'bytes', quiet });
  const advance = (bytes: number): void => progress.advance(bytes);
  const inspection = await inspect(dir, { stats, signal: abortOnSignals(), advance });
  progress.finish();
  process.stdout.write(json ? resultLine(inspection) : inspectionText(inspection, stats));
}

const HIGH_RES: Record<Inspection['highRes']['state'], string> = {
  none: 'not initialised: no high-resolution projections',
  partly: 'half initialised',
  initialised: 'initialised, not trained',
  trained: 'trained',
};

function inspectionText(inspection: Inspection, stats: boolean): string {
  const { config, files, format, highRes, parameters, bytes, modules, tensors } = inspection;
  const lines = [
    `${config.model_type}, ${config.num_hidden_layers} layers, ${tensors.length} tensors in ${files.length} ${format} files, ${byteSize(bytes)}`,
    ...inspection.unread.map((name) => `not read, for the safetensors beside it: ${name}`),
    `high resolution: ${HIGH_RES[highRes.state]} (${highRes.present} of ${highRes.expected} tensors${highRes.firstTrained === undefined ? '' : `; ${highRes.firstTrained} differs from its source`})`,
    `parameters: ${parameters.all.toLocaleString('en')}, unused in inference: ${parameters.unused.toLocaleString('en')}`,
    ...modules.flatMap(({ name, tensors: count, bytes: size, groups }) => [
      '',
      `${name}: ${count} ${count === 1 ? 'tensor' : 'tensors'}, ${byteSize(size)}`,
      ...groups.map(groupLine),
    ]),
    '',
    ...issueLines(inspection),
    ...(stats ? ['', ...tensors.map(({ name, stats: found }) => `${name}: ${statsText(found)}`)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function groupLine({ name, dtype, shape, count, layers, bytes }: TensorGroup): string {
  const [first, last] = layers ?? [0, 0];
  const full = name.replace('*', first === last ? String(first) : `${first}-${last}`);
  // Layers between that lack it, or have it in another shape.
  const of = count < last - first + 1 ? ` of ${last - first + 1}` : '';
  return `  ${full}  ${dtype} [${shape.join(', ')}]${count > 1 ? ` x ${count}${of}` : ''}  ${byteSize(bytes)}`;
}

/** Projections that an initialisation adds, or, beside trained ones, refuses to. */
function absentLine({ missing, state }: Inspection['highRes']): string {
  const layers = missing.map((name) => Number(/\.layers\.(\d+)\./.exec(name)?.[1]));
  const named = [...new Set(layers)].join(', ');
  const mend =
    state === 'trained'
      ? 'restore them; "flexattn init --force" replaces the trained ones too'
      : '"flexattn init" completes them';
  return `missing: high-resolution projections of ${named.includes(',') ? 'layers' : 'layer'} ${named}; ${mend}`;
}

function issueLines({ issues, config, highRes }: Inspection): string[] {
  const { missing, misshapen, extra, layers } = issues;
  const lines = [
    ...(layers === config.num_hidden_layers
      ? []
      : [`layers: config.json says ${config.num_hidden_layers}, the weights hold ${layers}`]),
    ...(highRes.missing.length === 0 ? [] : [absentLine(highRes)]),
    ...missing.map(({ name, expected }) => `missing: ${name} [${expected.join(', ')}]`),
    ...misshapen.map(
      ({ name, expected, got }) =>
        `mis-shaped: ${name} [${got.join(', ')}], config.json asks for [${expected.join(', ')}]`,
    ),
    ...extra.map((name) => `extra: ${name}`),
  ];
  return lines.length > 0 ? lines : ['nothing missing, extra or mis-shaped'];
}

function statsText(stats: TensorStatistics | undefined): string {
  if (!stats) return 'values of this dtype are not told';
  const { min, max, mean, nan } = stats;
  const number = (value: number | undefined): string =>
    value === undefined ? 'none' : String(Number(value.toPrecision(6)));
  return `min ${number(min)}, max ${number(max)}, mean ${number(mean)}, NaN ${nan}`;
}
