import { basename, dirname } from 'node:path';
import { shellLine, type TrainingPlan } from '@flexattn/train';
import { byteSize } from './byte-size.js';
import { grouped } from './report/numbers.js';

/** Columns of the labels, and of what stands below them. */
const INDENT = 12;
/** Characters of the longest bar. */
const BAR = 30;
/** Share of a GPU above which CUDA's own memory and fragments may leave too little. */
const SNUG = 0.9;

/**
 * Plans by model as aligned text. What differs between machines comes behind the figures: what there is, files, and
 * the command of each model, which can be copied.
 *
 * @param brief - shortens the paths in a text
 */
export function trainingPlanText(
  plans: Readonly<Record<string, TrainingPlan>>,
  brief: (text: string) => string,
): string {
  const [first] = Object.values(plans);
  if (first === undefined) return 'no model of this configuration is trained';
  const named = Object.entries(plans);
  return [
    ...dataLines(first),
    ...stepLines(first),
    ...named.flatMap(([name, plan]) => ['', name, ...modelLines(plan)]),
    '',
    ...machineLines(
      named.map(([, plan]) => plan),
      brief,
    ),
    ...named.flatMap(([name, plan]) => ['', name, ...startLines(plan, brief)]),
  ].join('\n');
}

function row(label: string, text: string): string {
  return `${label.padEnd(INDENT)}${text}`;
}

/** At most two digits after the point. */
function figure(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function dataLines({ data, cleaned, modelMaxLength }: TrainingPlan): string[] {
  if (data === undefined) {
    const samples = cleaned === undefined ? '' : `: ${grouped(cleaned)} samples are to be tokenised`;
    return [row('data', `not there yet${samples}`)];
  }
  const { samples, turns, withPicture, pictures, lengths } = data;
  const what = `${grouped(samples)} samples, ${grouped(turns)} answers; ${grouped(withPicture)} with a picture, of ${grouped(pictures)} pictures`;
  if (lengths === undefined) return [row('data', what)];
  const { shortest, median, percentile95, longest, histogram } = lengths;
  const most = Math.max(...histogram.map((bin) => bin.samples));
  const width = grouped(histogram.at(-1)?.to ?? 0).length;
  const bars = histogram.map(({ from, to, samples: count }) => {
    const range = `${grouped(from).padStart(width)} to ${grouped(to).padStart(width)}`;
    const bar = '#'.repeat(Math.ceil((BAR * count) / most));
    return row('', `${range} ${grouped(count).padStart(9)}  ${bar}`.trimEnd());
  });
  return [
    row('data', what),
    row(
      'lengths',
      `${grouped(shortest)} to ${grouped(longest)} positions; half up to ${grouped(median)}, 95 of 100 up to ${grouped(percentile95)}`,
    ),
    ...bars,
    row('', lossText(data, modelMaxLength)),
  ];
}

function lossText(
  { cut, cutAnswers, lostAnswerTokens, dropped }: NonNullable<TrainingPlan['data']>,
  modelMaxLength: number,
): string {
  const left = Object.entries(dropped).map(([code, count]) => `${code} ${grouped(count)}`);
  const lost =
    cutAnswers > 0 ? `${grouped(lostAnswerTokens)} answer tokens are cut off` : 'no answer token is lost';
  const exceed = `${grouped(cut)} exceed modelMaxLength ${grouped(modelMaxLength)}, of which ${grouped(cutAnswers)} lose answers: ${lost}`;
  return left.length === 0 ? exceed : `${exceed}; left out: ${left.join(', ')}`;
}

function stepLines(plan: TrainingPlan): string[] {
  const { steps, globalBatch, nodes, processes, microBatchSize, accumulation, epochs } = plan;
  if (plan.isExternal) return [];
  const machines = nodes > 1 ? `${nodes} machines x ` : '';
  const split = `${machines}${processes} ${processes > 1 ? 'processes' : 'process'} x ${microBatchSize} x ${figure(accumulation)} accumulated`;
  const passes = epochs === undefined ? '' : `; ${figure(epochs)} epochs`;
  return [row('steps', `${grouped(steps)} of ${grouped(globalBatch)} samples = ${split}${passes}`)];
}

function modelLines({ parameters, memory, disk, isExternal }: TrainingPlan): string[] {
  if (isExternal) return [row('trainer', 'another program: steps, memory and disk are its own')];
  if (parameters === undefined || memory === undefined || disk === undefined)
    return [row('parameters', 'unknown: there is no checkpoint to read')];
  const { all, trained, frozen } = parameters;
  const { microBatch, estimate, otherwise } = memory;
  const amounts = [
    ['weights', estimate.weights],
    ['gradients', estimate.gradients],
    ['optimiser', estimate.optimiser],
    ['activations', estimate.activations],
    ['in all', estimate.total],
  ] as const;
  const other = memory.activationCheckpointing ? 'without' : 'with';
  const checkpointing = `${other} activation checkpointing: ${byteSize(otherwise.activations)} of activations, ${byteSize(otherwise.total)} in all`;
  const { samples, positions, answerRows } = microBatch;
  return [
    row('parameters', `${grouped(all)}: ${grouped(trained)} trained, ${grouped(frozen)} frozen`),
    row(
      'memory',
      `of each process at most, ${grouped(samples)} samples of ${grouped(positions)} positions, ${grouped(answerRows)} of them answers`,
    ),
    ...amounts.map(([name, bytes]) => row('', `${name.padEnd(INDENT)}${byteSize(bytes).padStart(INDENT)}`)),
    row('', checkpointing),
    row(
      'disk',
      `checkpoint ${byteSize(disk.checkpoint)}, states ${byteSize(disk.states)}${disk.features === undefined ? '' : `, features of pictures ${byteSize(disk.features)}`}`,
    ),
  ];
}

function machineLines(plans: readonly TrainingPlan[], brief: (text: string) => string): string[] {
  const [first] = plans;
  const lines = first?.gpus === undefined ? [] : [row('GPUs', gpuText(first.gpus))];
  const room = plans.flatMap(({ memory }) =>
    memory?.available === undefined ? [] : [{ needed: memory.estimate.total, available: memory.available }],
  );
  for (const { needed, available } of room.sort((a, b) => b.needed - a.needed).slice(0, 1)) {
    const share = needed / available;
    const verdict = share > 1 ? 'does not fit' : share > SNUG ? 'may not fit' : 'fits';
    const label = lines.length === 0 ? 'GPUs' : '';
    lines.push(row(label, `${byteSize(needed)} ${verdict} into ${byteSize(available)} of a GPU`));
  }
  const free = first?.disk?.free;
  if (free !== undefined) {
    const needed = plans.reduce((sum, { disk }) => sum + (disk?.checkpoint ?? 0), statesOf(plans));
    const verdict = needed > free ? 'do not fit' : 'fit';
    lines.push(row('disk', `${byteSize(needed)} ${verdict} into ${byteSize(free)} that are free`));
  }
  const unchecked = first?.unchecked ?? [];
  lines.push(...unchecked.map((what, i) => row(i === 0 ? 'unchecked' : '', brief(what))));
  return lines;
}

/** Models are trained one after the other, and a model's states are removed at its end; features are shared. */
function statesOf(plans: readonly TrainingPlan[]): number {
  return Math.max(0, ...plans.map(({ disk }) => (disk?.states ?? 0) + (disk?.features ?? 0)));
}

/** `2 x NVIDIA H100 80GB HBM3 of 85.5 GB`. */
function gpuText(gpus: NonNullable<TrainingPlan['gpus']>): string {
  const kinds = new Map<string, number>();
  for (const { name, memory } of gpus) {
    const kind = `${name} of ${byteSize(memory)}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds.size === 0 ? 'none is visible' : [...kinds].map(([kind, n]) => `${n} x ${kind}`).join(', ');
}

function startLines({ files, command, problems }: TrainingPlan, brief: (text: string) => string): string[] {
  const folders = (label: string, paths: readonly string[]) => {
    const inside = new Map<string, string[]>();
    for (const path of paths)
      inside.set(dirname(path), [...(inside.get(dirname(path)) ?? []), basename(path)]);
    return [...inside].map(([folder, names], i) =>
      row(i === 0 ? label : '', `${brief(`${folder}/`)} ${names.join(' ')}`.trimStart()),
    );
  };
  return [
    ...folders('reads', files.reads),
    ...folders('writes', files.writes),
    row('command', shellLine(command)),
    ...problems.map(({ code, what, hint }) => row('refused', brief(`${what}; ${hint} (${code})`))),
  ];
}
