import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { Fingerprints } from '@flexattn/stage';
import { compareWithLock, lockFileOf, readDataLock, writeDataLock, type LockedPath } from '../data-lock.js';
import { PipelineError } from '../errors.js';
import { namedPaths, readConfig } from '../read-config.js';
import { workspaceFingerprints, workspaceOf } from '../run-context.js';

/** `flexattn lock`: the hashes of data and weights, committed, so that CI sees them change. */
export function addLockCommand(program: Command): void {
  program
    .command('lock')
    .description('write the hashes of all data and weights that configs/ name into flexattn.lock.json')
    .option('--check', 'compare instead, and exit 1 where they differ')
    .option('--dry-run', 'say what would be written')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  flexattn lock\n  flexattn lock --check\n')
    .action(async (flags: { check?: boolean; dryRun?: boolean; json?: boolean }) => {
      const workspace = workspaceOf(process.cwd(), process.cwd());
      const file = lockFileOf(workspace);
      const fingerprints = await Fingerprints.open(workspaceFingerprints(workspace));
      const lock = await readDataLock(file);
      const paths = await compareWithLock(lock, await pathsOfConfigs(workspace), { workspace, fingerprints });
      await fingerprints.save();
      if (flags.check !== true && flags.dryRun !== true) await writeDataLock(file, lock, paths);
      process.stdout.write(
        flags.json === true ? `${JSON.stringify(paths, null, 2)}\n` : paths.map(line).join(''),
      );
      if (flags.check === true) refuseDifferences(paths, file);
    });
}

async function pathsOfConfigs(workspace: string): Promise<string[]> {
  const folder = join(workspace, 'configs');
  const files = readdirSync(folder).filter(
    (name) => name.endsWith('.json') && !name.endsWith('.schema.json'),
  );
  const configs = await Promise.all(files.map((name) => readConfig(join(folder, basename(name)))));
  return configs.flatMap(namedPaths);
}

function line({ path, state }: LockedPath): string {
  return `${state.padEnd(8)}  ${path}\n`;
}

/** What is not on this machine cannot be compared. */
function refuseDifferences(paths: readonly LockedPath[], file: string): void {
  const wrong = paths.filter(({ state, sha256 }) => state === 'differs' || (state === 'unlocked' && sha256));
  if (wrong.length === 0) return;
  const names = wrong.map(({ path }) => path).join(', ');
  throw new PipelineError('LOCK_DIFFERS', `expected the locked bytes, got others in ${names}`, {
    file,
    hint: 'fetch the locked data, or run `flexattn lock` and commit the change',
    exitCode: 1,
  });
}
