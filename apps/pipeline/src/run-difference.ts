import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseJson } from '@flexattn/stage';
import { compareEvaluations } from './compare-evaluations.js';
import { configDifferences, type SettingDifference } from './config-differences.js';
import { lockFileOf, parseDataLock, readDataLock } from './data-lock.js';
import { PipelineError } from './errors.js';
import { fileAtRevision, isRevision } from './git-revision.js';
import { readConfig } from './read-config.js';
import { configFile } from './run-context.js';

/** What two runs differ in. */
export interface RunDifference {
  settings: SettingDifference[];
  /** Data and weights whose locked hashes differ. */
  data: SettingDifference[];
  /** Differences of the scores with intervals, where both were evaluated here. */
  scores: Awaited<ReturnType<typeof compareEvaluations>> | undefined;
}

interface Side {
  config: object;
  /** Locked hashes by path. */
  data: Record<string, string>;
  /** The run whose scores lie here; undefined for a revision. */
  run: string | undefined;
}

/**
 * `a` and `b`: a configuration (a name in `configs/` or a path), a run (`runs/NAME`), a git revision, or `REVISION:NAME`. A
 * revision alone means the configuration that the other side names, there.
 */
export async function runDifference(a: string, b: string, workspace: string): Promise<RunDifference> {
  const [first, second] = [await sideOf(a, b, workspace), await sideOf(b, a, workspace)];
  return {
    settings: configDifferences(first.config, second.config),
    data: configDifferences(first.data, second.data),
    scores: await scoresOf(first.run, second.run, workspace),
  };
}

async function sideOf(named: string, other: string, workspace: string): Promise<Side> {
  const file = configOf(named, workspace);
  if (file !== undefined) {
    const { data } = await readDataLock(lockFileOf(workspace));
    return { config: await readConfig(file), data, run: basename(file, '.json') };
  }
  const [revision = '', name = configOf(other, workspace) ?? 'tiny'] = named.split(':');
  if (!(await isRevision(revision, workspace))) {
    throw new PipelineError('BAD_ARGUMENT', `"${named}" is no configuration, run or git revision`, {
      hint: 'name one of configs/, a .json file, runs/NAME, a commit, or COMMIT:NAME',
    });
  }
  const read = (file: string) => fileAtRevision(revision, file, workspace);
  return {
    config: await readConfig(
      name.endsWith('.json') ? resolve(workspace, name) : fileOf(name, workspace),
      [],
      read,
    ),
    data: await lockAt(read, lockFileOf(workspace)),
    run: undefined,
  };
}

/** The file of a configuration or of a run; undefined where `named` is neither. */
function configOf(named: string, workspace: string): string | undefined {
  const folder = resolve(workspace, named);
  const isRun = dirname(folder) === join(workspace, 'runs') && existsSync(folder);
  const name = isRun ? basename(folder) : named;
  const isConfig = isRun || named.endsWith('.json') || existsSync(fileOf(named, workspace));
  return isConfig ? configFile(name, workspace) : undefined;
}

/** Where the configuration of a name is or was. */
function fileOf(name: string, workspace: string): string {
  return join(workspace, 'configs', `${name}.json`);
}

/** A revision from before there was a lock has none. */
async function lockAt(
  read: (file: string) => Promise<string>,
  file: string,
): Promise<Record<string, string>> {
  try {
    return parseDataLock(parseJson(await read(file), { file }), file).data;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'FILE_MISSING') return {};
    throw error;
  }
}

async function scoresOf(a: string | undefined, b: string | undefined, workspace: string) {
  const isScored = (run: string | undefined) =>
    run !== undefined && existsSync(join(workspace, 'runs', run, 'eval', 'summary.json'));
  if (a === undefined || b === undefined || a === b || !isScored(a) || !isScored(b)) return undefined;
  return compareEvaluations(a, b, { cwd: workspace, workspace, gate: { failBelow: [] } });
}
