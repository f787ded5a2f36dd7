import type { DownloadReport } from '@flexattn/model-prep';
import { resultLine } from '../events.js';
import type { Command } from 'commander';
import { byteSize } from '../byte-size.js';
import { rememberingModels } from '../model-fingerprints.js';
import { abortOnSignals } from '../signals.js';

interface DownloadFlags {
  out: string;
  include?: string[];
  offline?: boolean;
  json?: boolean;
  dryRun?: boolean;
  quiet?: boolean;
}

/** `flexattn download`: a checkpoint from the hub, pinned and verified. */
export function addDownloadCommand(program: Command): void {
  program
    .command('download')
    .description(
      'fetches a checkpoint from the hub: pinned in flexattn.lock.json, resumable, verified by hash',
    )
    .argument('<reference>', 'hub:owner/name[@revision]')
    .requiredOption('--out <dir>', 'the folder for its files; what is there already is checked and kept')
    .option(
      '--include <glob...>',
      'these files in place of what a checkpoint needs; * stands for any characters',
    )
    .option('--offline', 'ask no server: take what the standard cache holds (also HF_HUB_OFFLINE=1)')
    .option('--json', 'print the result as JSON')
    .option('--dry-run', 'say what would be fetched, and fetch nothing')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nHF_TOKEN, HF_ENDPOINT, HF_HOME and HF_HUB_CACHE count as in huggingface_hub.' +
        '\n\nExample:\n  flexattn download hub:liuhaotian/llava-v1.5-7b --out checkpoints/llava-v1.5-7b\n',
    )
    .action(async (reference: string, flags: DownloadFlags) => {
      const { out, include, json = false, dryRun = false, quiet = false } = flags;
      const { downloadCheckpoint } = await import('@flexattn/model-prep');
      const signal = abortOnSignals();
      // Offline is left to the environment where the flag is not given.
      const { offline } = flags;
      const report = await rememberingModels((fingerprints) =>
        downloadCheckpoint({
          reference,
          out,
          include,
          offline,
          dryRun,
          progress: !quiet,
          fingerprints,
          signal,
        }),
      );
      process.stdout.write(
        json ? resultLine(report, dryRun ? 'preview' : 'result') : downloadText(report, out, dryRun),
      );
    });
}

/** What a download did, for people. */
export function downloadText(report: DownloadReport, out: string, dryRun: boolean): string {
  const { repo, revision, commit, files, fetchedBytes } = report;
  const count = (how: string): number => files.filter((file) => file.how === how).length;
  const verb = dryRun ? 'would fetch' : 'fetched';
  const lines = [
    `${repo}@${revision}: commit ${commit}`,
    ...(dryRun ? files.map(({ path, bytes, how }) => `${how}  ${path}  ${byteSize(bytes)}`) : []),
    `${verb} ${count('fetched')} files, ${byteSize(fetchedBytes)}; ${count('linked')} from the cache, ${count('kept')} kept: ${out}`,
  ];
  return `${lines.join('\n')}\n`;
}
