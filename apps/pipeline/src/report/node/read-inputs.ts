import { join } from 'node:path';
import { pathExists, readJsonAs, readTextLines, StageError } from '@flexattn/stage';
import { z } from 'zod';
import type { CleanCounts } from '../clean-section.js';
import type { LossCurve, LossPoint } from '../loss-plot.js';
import type { SampleRegions } from '../sample-section.js';
import { parseLine } from './parse-line.js';

const count = z.number().int().nonnegative();

const cleanSchema = z.object({
  samples: count,
  kept: count,
  changed: z.record(z.string(), count),
  dropped: z.record(z.string(), count),
});

/** The counts of a cleaning's report.json. */
export function readCleanCounts(file: string): Promise<CleanCounts> {
  return readJsonAs(file, cleanSchema);
}

const pointSchema = z.object({ step: count, loss: z.number() });

/** The losses in `<folder>/<model>/metrics.jsonl` of each trained model; none of one that another program trained. */
export async function readLossCurves(
  folder: string,
  models: readonly { model: string; position: number }[],
): Promise<LossCurve[]> {
  const curves: LossCurve[] = [];
  for (const { model, position } of models) {
    const file = join(folder, model, 'metrics.jsonl');
    const points: LossPoint[] = [];
    if (await pathExists(file))
      for await (const line of readTextLines(file)) points.push(parseLine(file, line, pointSchema));
    curves.push({ model, position, points });
  }
  return curves;
}

const regionsSchema = z.object({
  id: z.string(),
  regions: z.object({
    grid: z.number().int().positive(),
    hd: z.number().int().positive(),
    steps: z.array(z.array(z.object({ layer: count, rows: z.array(count) }))),
  }),
});

/**
 * What a model chose for the first token of some of its answers, by id. `wanted` says on which line of the model's
 * answers file each stands; another id on that line: `BAD_CONTENT`.
 */
export async function readRegions(
  file: string,
  model: string,
  wanted: ReadonlyMap<number, string>,
): Promise<Map<string, SampleRegions>> {
  const regions = new Map<string, SampleRegions>();
  if (wanted.size === 0) return regions;
  for await (const line of readTextLines(file)) {
    const expected = wanted.get(line.line);
    if (expected === undefined) continue;
    const {
      id,
      regions: { grid, hd, steps },
    } = parseLine(file, line, regionsSchema);
    if (id !== expected) {
      throw new StageError('BAD_CONTENT', `expected the answer to "${expected}", got that to "${id}"`, {
        file,
        item: `line ${line.line}`,
        hint: 'score the answers again',
      });
    }
    regions.set(id, { model, grid, hd, choices: steps[0] ?? [] });
  }
  return regions;
}
