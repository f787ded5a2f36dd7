import { stat } from 'node:fs/promises';
import { toIoError } from '@flexattn/stage';
import type { Command } from 'commander';
import { addInspectOptions as addAnnotationOptions, inspectAnnotations } from './inspect-annotations.js';
import { addInspectOptions as addCheckpointOptions, inspectCheckpoint } from './inspect-checkpoint.js';

/** `flexattn inspect`: what an annotation file or a checkpoint folder holds. */
export function addInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .description('tells what an annotation file or a checkpoint holds, before a model is trained on it')
    .argument('<path>', 'a JSON array of samples or JSON lines, plain or gzip; or the folder of a checkpoint')
    .option('--json', 'print everything as JSON')
    .option('--quiet', 'no progress');
  addAnnotationOptions(command);
  addCheckpointOptions(command);
  command.action(async (path: string, flags: object) =>
    (await isFolder(path)) || WEIGHT_FILE.test(path)
      ? inspectCheckpoint(path, flags)
      : inspectAnnotations(path, { ...flags }),
  );
}

/** Names of weights: their folder is what can be inspected, and that is said. */
const WEIGHT_FILE = /\.(?:safetensors|bin|pth?|ckpt)$/i;

async function isFolder(path: string): Promise<boolean> {
  if (path === '-') return false;
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw toIoError(cause, path);
  }
}
