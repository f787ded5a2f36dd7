import { join } from 'node:path';
import { pathExists, readJsonAs, readTextLines, StageError } from '@flexattn/stage';
import { z } from 'zod';
import type { CleanCounts } from '../clean-section.js';
import type { LossCurve, LossPoint } from '../loss-plot.js';
import { packRegions, regionEdges, type PackedRegions } from '../regions.js';
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

const pointSchema = z.object({ step: count, loss: z.number(), selectedShare: z.number().optional() });

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

/** What one model chose to see. */
export interface ChosenRegions {
  /** By id. */
  packed: Map<string, PackedRegions>;
  /** Where regions begin and end along a side, 0 to 1; empty where it chose nothing. */
  edges: number[];
  /** Mean share of the regions that each layer chose when an answer began, 0 to 1. */
  shares: { layer: number; share: number }[];
}

/**
 * What a model chose for its answers. `wanted` says on which line of the model's answers file each stands; another id
 * on that line: `BAD_CONTENT`.
 */
export async function readRegions(file: string, wanted: ReadonlyMap<number, string>): Promise<ChosenRegions> {
  const packed = new Map<string, PackedRegions>();
  const sums = new Map<number, number>();
  let edges: number[] = [];
  let items = 0;
  if (wanted.size === 0) return { packed, edges, shares: [] };
  for await (const line of readTextLines(file)) {
    const expected = wanted.get(line.line);
    if (expected === undefined) continue;
    const { id, regions } = parseLine(file, line, regionsSchema);
    if (id !== expected) {
      throw new StageError('BAD_CONTENT', `expected the answer to "${expected}", got that to "${id}"`, {
        file,
        item: `line ${line.line}`,
        hint: 'score the answers again',
      });
    }
    const own = packRegions(regions);
    if (own === null) continue;
    packed.set(id, own);
    edges = regionEdges(regions);
    items += 1;
    for (const { layer, rows } of regions.steps[0] ?? []) {
      sums.set(layer, (sums.get(layer) ?? 0) + rows.length / regions.grid ** 2);
    }
  }
  const shares = [...sums].sort(([a], [b]) => a - b).map(([layer, sum]) => ({ layer, share: sum / items }));
  return { packed, edges, shares };
}
