import type { Command } from 'commander';
import { addInspectOptions, inspectCheckpoint, type InspectCheckpointFlags } from './inspect-checkpoint.js';

/** `flexattn inspect`: what a checkpoint folder holds. */
export function addInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .description('tells what a checkpoint holds, what it lacks, and whether it is initialised or trained')
    .argument('<path>', 'a checkpoint folder')
    .option('--json', 'print everything as JSON')
    .option('--quiet', 'no progress');
  addInspectOptions(command);
  command.action((path: string, flags: InspectCheckpointFlags) => inspectCheckpoint(path, flags));
}
