import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  compareRuns,
  evalResultsSchema,
  formatRunComparison,
  gateFailures,
  readEvaluation,
  type Gate,
  type RunComparison,
} from '@flexattn/eval';
import { readJsonAs, resolveInside } from '@flexattn/stage';
import { PipelineError } from './errors.js';

export interface CompareOptions {
  /** Paths start here. */
  cwd: string;
  /** Names of runs are looked for in its `runs/`. */
  workspace: string;
  /** Only this model of both. */
  model?: string | undefined;
  /** Of the bootstrap; default: that of the first evaluation. */
  seed?: number | undefined;
  gate: Gate;
}

/** Folders of models' results, by model; one that was named itself is alone. */
interface Evaluation {
  named: string;
  models: ReadonlyMap<string, string>;
}

/**
 * Compares two evaluations: a folder of one model with one, or all models that both runs have. Nothing of that name, or
 * no common model: `BAD_ARGUMENT`.
 */
export async function compareEvaluations(a: string, b: string, options: CompareOptions) {
  const [first, second] = [await evaluationAt(a, options), await evaluationAt(b, options)];
  const comparisons: RunComparison[] = [];
  const failures: string[] = [];
  for (const [from, to] of pairsOf(first, second, options.model)) {
    const [before, after] = [
      await readEvaluation(from.folder, from.label),
      await readEvaluation(to.folder, to.label),
    ];
    const comparison = compareRuns(before, after, options.seed);
    comparisons.push(comparison);
    failures.push(...gateFailures(comparison, after.results, options.gate));
  }
  return { comparisons, failures, text: comparisons.map(formatRunComparison).join('\n') };
}

async function evaluationAt(named: string, { cwd, workspace }: CompareOptions): Promise<Evaluation> {
  const path = resolve(cwd, named);
  if (existsSync(join(path, 'results.json'))) {
    return { named, models: new Map([['', path]]) };
  }
  const folders = [path, join(path, 'eval')];
  if (/^[\w.-]+$/.test(named)) folders.push(join(workspace, 'runs', named, 'eval'));
  const folder = folders.find((one) => existsSync(join(one, 'summary.json')));
  if (folder === undefined) {
    throw new PipelineError('BAD_ARGUMENT', `"${named}" is no evaluation`, {
      hint: 'name a run that eval has scored, or a folder with a results.json',
    });
  }
  const { models } = await readJsonAs(join(folder, 'summary.json'), evalResultsSchema);
  return { named, models: new Map(models.map((model) => [model, resolveInside(folder, model)])) };
}

interface Side {
  label: string;
  folder: string;
}

/** What is compared with what: two single models whatever their names, else equal names. */
function pairsOf(a: Evaluation, b: Evaluation, wanted: string | undefined): [Side, Side][] {
  const [single, other] = [onlyOf(a), onlyOf(b)];
  if (wanted === undefined && single !== undefined && other !== undefined) return [[single, other]];
  const names = [...a.models.keys()].filter(
    (name) => b.models.has(name) && (wanted === undefined || name === wanted),
  );
  if (names.length > 0) return names.map((name) => [sideOf(a, name), sideOf(b, name)]);
  const models = ({ models: all }: Evaluation) => [...all.keys()].join(', ') || 'none';
  throw new PipelineError('BAD_ARGUMENT', 'the two evaluations have no such model in common', {
    hint: `${a.named} has ${models(a)}; ${b.named} has ${models(b)}; name the folders of two models to compare them`,
  });
}

function onlyOf(evaluation: Evaluation): Side | undefined {
  const [name, ...others] = evaluation.models.keys();
  return name === undefined || others.length > 0 ? undefined : sideOf(evaluation, name);
}

function sideOf({ named, models }: Evaluation, name: string): Side {
  return { label: name === '' ? named : `${named}:${name}`, folder: models.get(name) ?? '' };
}
