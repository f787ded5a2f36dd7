import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './data-prep.js';
import { figure } from './result-table.js';
import type { ScalingPart } from './scaling.js';
import type { CurvePoint } from './scaling-plot.js';

/** Times and peak memory of cleaning by the number of samples, beside the usual script. */
export async function scaleClean(samples: readonly number[], runs: number): Promise<ScalingPart> {
  const python = process.env['FLEXATTN_PYTHON'] ?? 'python3';
  const folder = join(tmpdir(), 'flexattn-bench-data-prep');
  const results = await run({ samples, runs, seed: 1, python, folder });
  const [seconds, memory]: [CurvePoint[], CurvePoint[]] = [[], []];
  const rows: string[][] = [];
  for (const count of samples) {
    const size = `${count / 1000} k`;
    for (const verify of ['exists', 'header']) {
      const work = `clean ${count} samples, verify ${verify}`;
      const time = results.find((result) => result.work === work);
      const peak = results.find((result) => result.work === `${work}: peak memory`);
      if (time === undefined || peak === undefined) continue;
      const curve = `verify ${verify}`;
      seconds.push(pointOf(curve, size, time.samples), {
        ...pointOf('Python script', size, [time.baseline]),
      });
      memory.push(pointOf(curve, size, peak.samples.map(inMegabytes)));
      memory.push(pointOf('Python script', size, [inMegabytes(peak.baseline)]));
      const [own, theirs] = [time.ours, time.baseline];
      const rate = figure(count / own / 1000);
      const peaks = [peak.ours, peak.baseline].map((bytes) => figure(inMegabytes(bytes)));
      rows.push([size, verify, figure(own), figure(theirs), rate, ...peaks]);
    }
  }
  const common = { sizes: 'samples', isLogarithmic: true };
  return {
    title: '`clean` by samples',
    text: `Wall-clock time and peak memory of the process; medians of ${runs} runs, in turns with the usual script.`,
    head: [
      'samples',
      'verify',
      'ours, s',
      'Python script, s',
      'ours, k samples/s',
      'ours, MB',
      'Python script, MB',
    ],
    rows,
    drawings: {
      'scaling-clean': { ...common, title: 'Seconds to clean', values: 'seconds', points: once(seconds) },
      'scaling-clean-memory': {
        ...common,
        title: 'Memory to clean',
        values: 'peak memory, MB',
        points: once(memory),
      },
    },
  };
}

const inMegabytes = (bytes: number) => bytes / 1e6;

function pointOf(curve: string, size: string, values: readonly number[]): CurvePoint {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[sorted.length >> 1] ?? NaN;
  return { curve, size, value, low: sorted[0] ?? NaN, high: sorted.at(-1) ?? NaN };
}

/** The script stands beside both ways to verify, with the same figure. */
function once(points: readonly CurvePoint[]): CurvePoint[] {
  return [...new Map(points.map((point) => [`${point.curve} ${point.size}`, point])).values()];
}
