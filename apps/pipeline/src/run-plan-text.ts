import { byteSize } from './byte-size.js';
import { grouped } from './report/numbers.js';
import type { DevicePlan, ModelPlan, RunFacts } from './run-plan.js';

/** Columns of the labels. */
const INDENT = 14;
/** Units of operations, the largest first. */
const UNITS = [
  ['EFLOP', 1e18],
  ['PFLOP', 1e15],
  ['TFLOP', 1e12],
  ['GFLOP', 1e9],
  ['MFLOP', 1e6],
] as const;

/** Plans of a configuration's models, for a terminal. `note`: where the sizes are from. */
export function runPlanText(
  { text, answer, share, items }: RunFacts,
  plans: readonly ModelPlan[],
  note: string,
): string {
  const counts = Object.entries(items).map(
    ([name, { n, isPublished }]) =>
      `${name} ${n === null ? 'unknown' : grouped(n)}${isPublished ? ' (as published)' : ''}`,
  );
  return [
    row('sizes', note),
    row(
      'an item',
      `a picture, ${text} tokens of text, ${answer} of answer; attention selects ${100 * share} %`,
    ),
    row('items', counts.join(', ')),
    row('seconds', 'bounds: operations or bytes at the full speed of the data sheet, whichever takes longer'),
    ...plans.flatMap((plan) => ['', plan.name, ...modelLines(plan)]),
  ].join('\n');
}

function row(label: string, text: string): string {
  return `${label.padEnd(INDENT)}${text}`;
}

function modelLines({ item, items, answering, training, devices }: ModelPlan): string[] {
  const { vision, prompt, highRes, first, further } = item;
  const parts = `picture ${flop(vision.flops)}, prompt ${flop(prompt.flops)}, high resolution ${flop(highRes.flops)}`;
  const lines = [
    row('first token', `${flop(first.flops)} (${parts}), ${byteSize(first.bytes)}`),
    row('each further', `${flop(further.flops)}, ${byteSize(further.bytes)}`),
    row('answers', `${grouped(items)}: ${flop(answering.flops)}`),
  ];
  if (training !== undefined) {
    const { samples, flops, devices: count, memory } = training;
    lines.push(row('training', `${grouped(samples)} samples: ${flop(flops)}, on ${count} at a time`));
    if (memory !== undefined)
      lines.push(row('', `${byteSize(memory.estimate.total)} of memory each at most`));
  }
  return [...lines, ...deviceTable(devices)];
}

function deviceTable(devices: readonly DevicePlan[]): string[] {
  const head = ['', 'first token', 'each further', 'item', 'all answers', 'training', 'memory to answer'];
  const rows = devices.map((plan) => [
    plan.device,
    ...[plan.firstTokenSeconds, plan.furtherTokenSeconds, plan.itemSeconds, plan.answeringSeconds].map(time),
    plan.trainingSeconds === undefined ? '' : time(plan.trainingSeconds),
    `${byteSize(plan.memory)}${plan.fits === undefined ? '' : plan.fits ? ', fits' : ', DOES NOT FIT'}`,
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => (cells[column] ?? '').length)));
  return all.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** "14.1 TFLOP": operations, three digits. */
function flop(flops: number): string {
  const [unit, size] = UNITS.find(([, least]) => flops >= least) ?? ['FLOP', 1];
  return `${Number((flops / size).toPrecision(3))} ${unit}`;
}

/** "3.9 ms", "12.1 s", "4.2 min", "37.5 h". */
function time(seconds: number): string {
  if (seconds < 1) return `${(1000 * seconds).toPrecision(3)} ms`;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${grouped(Math.round(seconds / 3600))} h`;
}
