import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
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

/** `a` and `b`: a configuration (a name in `configs/` or a path), a git revision, or `REVISION:NAME`. */
export async function runDifference(a: string, b: string, workspace: string): Promise<RunDifference> {
  const [first, second] = [await sideOf(a, workspace), await sideOf(b, workspace)];
  return {
    settings: configDifferences(first.config, second.config),
    data: configDifferences(first.data, second.data),
    scores: await scoresOf(first.run, second.run, workspace),
  };
}

async function sideOf(named: string, workspace: string): Promise<Side> {
  if (named.endsWith('.json') || existsSync(join(workspace, 'configs', `${named}.json`))) {
    const file = configFile(named, workspace);
    const { data } = await readDataLock(lockFileOf(workspace));
    return { config: await readConfig(file), data, run: basename(file, '.json') };
  }
  const [revision = '', config = 'tiny'] = named.split(':');
  if (!(await isRevision(revision, workspace))) {
    throw new PipelineError('BAD_ARGUMENT', `"${named}" is no configuration and no git revision`, {
      hint: 'name one of configs/, a .json file, a commit, or COMMIT:NAME',
    });
  }
  const read = (file: string) => fileAtRevision(revision, file, workspace);
  return {
    config: await readConfig(join(workspace, 'configs', `${config}.json`), [], read),
    data: await lockAt(read, lockFileOf(workspace)),
    run: undefined,
  };
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
