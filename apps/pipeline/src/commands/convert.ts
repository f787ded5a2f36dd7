import type { Command } from 'commander';
import type { ConvertReport } from '@flexattn/model-prep';
import { resultLine } from '../events.js';
import { rememberingModels } from '../model-fingerprints.js';
import { abortOnSignals } from '../signals.js';

interface ConvertFlags {
  out: string;
  json?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
}

/** `flexattn convert`: a checkpoint of PyTorch files (`pytorch_model*.bin`) written again as safetensors. */
export function addConvertCommand(program: Command): void {
  program
    .command('convert')
    .description('writes a checkpoint of PyTorch .bin files as safetensors; executes nothing in them')
    .argument('<dir>', 'the folder that holds pytorch_model.bin, or its shards and their index')
    .requiredOption('--out <dir>', 'the new folder; where it holds the result already, nothing is written')
    .option('--json', 'print the report as JSON')
    .option('--dry-run', 'say what would be written, and write nothing')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn convert llava-v1.5-7b --out llava-v1.5-7b-safetensors\n  flexattn convert llava-v1.5-7b --out converted --dry-run --json\n',
    )
    .action(async (dir: string, { out, json = false, dryRun = false, quiet = false }: ConvertFlags) => {
      const { convertCheckpoint } = await import('@flexattn/model-prep');
      const signal = abortOnSignals();
      const report = await rememberingModels((fingerprints) =>
        convertCheckpoint({ checkpoint: dir, out, dryRun, progress: !quiet, fingerprints, signal }),
      );
      process.stdout.write(
        json ? resultLine(report, dryRun ? 'preview' : 'result') : reportText(report, out, dryRun),
      );
    });
}

function reportText({ tensors, bytes, files }: ConvertReport, out: string, dryRun: boolean): string {
  const lines = files.map((file) => `  ${file.how.padEnd(7)}  ${file.path}  ${file.bytes} bytes\n`);
  if (files.some(({ how }) => how === 'kept'))
    return `${out} holds these ${tensors} tensors already; nothing to do\n`;
  const verb = dryRun ? 'would write' : 'wrote';
  return `${verb} ${tensors} tensors, ${(bytes / 1e6).toFixed(1)} MB, to ${out}\n${lines.join('')}`;
}
