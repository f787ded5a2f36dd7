import { Option } from 'commander';
import { PipelineError } from '../errors.js';
import { positiveInteger } from '../flags.js';
import type { ArraySettings } from './array-job.js';

/** What the options below give. */
export interface ArrayFlags {
  launcher?: 'local' | 'slurm';
  tasks?: number;
  slurmArg?: string[];
}

/** `--launcher slurm --tasks N`: the work in parts, as an array of Slurm. */
export function arrayOptions(): Option[] {
  return [
    new Option('--launcher <name>', 'who runs it: this machine, or an array of Slurm').choices([
      'local',
      'slurm',
    ]),
    new Option('--tasks <n>', 'with slurm: tasks that share the work').argParser(positiveInteger),
    new Option('--slurm-arg <arg>', 'with slurm: an argument of sbatch; may stand several times').argParser(
      (text: string, before: string[] | undefined) => [...(before ?? []), text],
    ),
  ];
}

/**
 * The array that was asked for; undefined: none.
 *
 * @throws PipelineError BAD_ARGUMENT for options that contradict each other
 */
export function arrayOf({ launcher, tasks, slurmArg }: ArrayFlags): ArraySettings | undefined {
  const refuse = (item: string, what: string) =>
    new PipelineError('BAD_ARGUMENT', what, { item, hint: 'as in: --launcher slurm --tasks 8' });
  if (launcher !== 'slurm') {
    if (tasks !== undefined) throw refuse('--tasks', 'goes with --launcher slurm');
    if (slurmArg !== undefined) throw refuse('--slurm-arg', 'goes with --launcher slurm');
    return undefined;
  }
  if (tasks === undefined) throw refuse('--launcher slurm', 'expected --tasks, the number of parts');
  const args = slurmArg ?? [];
  const strange = args.find((arg) => !/^--?[a-z]/i.test(arg));
  if (strange !== undefined)
    throw refuse('--slurm-arg', `expected an option as --qos=long, got "${strange}"`);
  return { tasks, args };
}

/** The array of a run, for a command that starts nothing but one. */
export function arrayAskedFor({ array }: { array: ArraySettings | undefined }): ArraySettings {
  if (array !== undefined) return array;
  throw new PipelineError('BAD_ARGUMENT', 'nothing is started: the work is done in this process', {
    item: '--print-command',
    hint: 'goes with --launcher slurm --tasks N',
  });
}
