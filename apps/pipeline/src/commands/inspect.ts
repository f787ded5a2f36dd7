import type { Command } from 'commander';
import { addInspectOptions, inspectAnnotations } from './inspect-annotations.js';

/** `flexattn inspect`: what is in an annotation file, before a model is trained on it. */
export function addInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .description('tells what is in an annotation file: samples, turns, tags, sources, pictures')
    .argument('<path>', 'a JSON array of samples or JSON lines, plain or gzip')
    .option('--json', 'print the result as JSON')
    .action((path: string, flags: object) => inspectAnnotations(path, { ...flags }));
  addInspectOptions(command);
}
