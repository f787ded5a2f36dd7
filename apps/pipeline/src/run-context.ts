import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { Fingerprints } from '@flexattn/stage';
import type { Config } from './config.js';
import { PipelineError } from './errors.js';
import { modelFingerprints } from './model-fingerprints.js';
import { readConfig, type Override } from './read-config.js';
import type { ArraySettings } from './slurm/array-job.js';

/** One run of the chain: a configuration in a workspace. */
export interface RunContext {
  /** The folder that the configuration's paths start from; holds `runs/` and `.flexattn/`. */
  workspace: string;
  /** The configuration's file name without its ending. */
  run: string;
  /** The configuration as it was named on the command line. */
  configArgument: string;
  config: Config;
  fingerprints: Fingerprints;
  signal: AbortSignal;
  /** No progress and no word of what was up to date. */
  quiet: boolean;
  /** An existing Python interpreter to train with, from `train.python` or `FLEXATTN_PYTHON`. */
  python: string | undefined;
  /** Of the judge's endpoint, from `FLEXATTN_JUDGE_KEY`; in no receipt and no file. */
  judgeKey: string | undefined;
  /** Does the work of `clean` or `infer` in tasks of Slurm; in no receipt: the results are the same. */
  array: ArraySettings | undefined;
}

export interface RunOptions {
  /** A path to a configuration, or the name of one in `configs/`. */
  config: string;
  cwd: string;
  signal: AbortSignal;
  /** What the command line sets over the file. */
  set?: readonly Override[] | undefined;
  quiet?: boolean | undefined;
  python?: string | undefined;
  judgeKey?: string | undefined;
  array?: ArraySettings | undefined;
}

/** Reads the configuration and finds its workspace: the nearest folder above it with an `nx.json`, else `cwd`. */
export async function openRun(options: RunOptions): Promise<RunContext> {
  const file = configFile(options.config, options.cwd);
  const config = await readConfig(file, options.set);
  const workspace = workspaceOf(dirname(file), options.cwd);
  refuseTakenName(file, join(workspace, 'configs'));
  return {
    workspace,
    run: basename(file, '.json'),
    configArgument: options.config,
    config,
    fingerprints: await Fingerprints.open(workspaceFingerprints(workspace), [modelFingerprints(process.env)]),
    signal: options.signal,
    quiet: options.quiet ?? false,
    array: options.array,
    judgeKey: options.judgeKey === '' ? undefined : options.judgeKey,
    python:
      config.train.python === undefined
        ? namedPython(options.python)
        : inWorkspace(config.train.python, workspace),
  };
}

/** Artifacts are kept under the file's name: a configuration elsewhere may not bear that of one in `configs/`. */
function refuseTakenName(file: string, configs: string): void {
  const taken = join(configs, basename(file));
  if (dirname(file) === configs || !existsSync(taken)) return;
  throw new PipelineError('BAD_CONFIG', `its runs would mix with those of configs/${basename(file)}`, {
    file,
    hint: 'give the file another name',
  });
}

/** Where a workspace remembers the hashes of its files. */
export function workspaceFingerprints(workspace: string): string {
  return join(workspace, '.flexattn', 'fingerprints.tsv');
}

/** A path of the configuration, absolute. */
export function pathOf({ workspace }: Pick<RunContext, 'workspace'>, path: string): string {
  return isAbsolute(path) ? path : join(workspace, path);
}

/** Where a stage's artifacts are. */
export function artifacts({ workspace, run }: RunContext, stage: string): string {
  return join(workspace, 'runs', run, stage);
}

/** A path as people and receipts are shown it: relative to the workspace where it is inside. */
export function shown({ workspace }: RunContext, path: string): string {
  const inside = relative(workspace, path);
  return inside.startsWith('..') ? path : inside;
}

/** `FLEXATTN_PYTHON`; an empty one is none. */
export function namedPython(python: string | undefined): string | undefined {
  return python === '' ? undefined : python;
}

/** A path starts from the workspace; a bare name is looked for in the PATH. */
function inWorkspace(program: string, workspace: string): string {
  return /[\\/]/.test(program) ? resolve(workspace, program) : program;
}

/** The file that a name or path of the command line means. */
export function configFile(config: string, cwd: string): string {
  const asPath = resolve(cwd, config);
  if (config.endsWith('.json')) return asPath;
  const named = join(workspaceOf(cwd, cwd), 'configs', `${config}.json`);
  if (existsSync(named)) return named;
  throw new PipelineError('BAD_CONFIG', `there is no configuration "${config}"`, {
    file: named,
    hint: 'name a file in configs/, or give the path of a .json file',
  });
}

/** The nearest folder above `folder` (or itself) with an `nx.json`, else `otherwise`. */
export function workspaceOf(folder: string, otherwise: string): string {
  return nearestWorkspace(folder) ?? otherwise;
}

function nearestWorkspace(folder: string): string | undefined {
  if (existsSync(join(folder, 'nx.json'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestWorkspace(parent);
}
