import { relative } from 'node:path';
import type { Command } from 'commander';
import { collectGarbage } from '@flexattn/stage';
import { byteSize } from '../byte-size.js';
import { wholeNumber } from '../flags.js';
import { workspaceOf } from '../run-context.js';

const DAY_MS = 86_400_000;

/** Of answers that were kept for other runs; they can be computed again. */
const BY_AGE = ['answers', 'states'];

/** `flexattn gc`: what the store holds that nothing refers to. */
export function addGcCommand(program: Command): void {
  program
    .command('gc')
    .description('tell what the store holds that no run refers to; with --delete, remove it')
    .option('--delete', 'remove it')
    .option(
      '--keep-days <days>',
      'results of other branches are kept while they are younger',
      wholeNumber,
      14,
    )
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  flexattn gc\n  flexattn gc --delete --keep-days 0\n')
    .action(async (flags: { delete?: boolean; keepDays: number; json?: boolean }) => {
      const workspace = workspaceOf(process.cwd(), process.cwd());
      const report = await collectGarbage({
        workspace,
        keepMs: flags.keepDays * DAY_MS,
        now: Date.now(),
        aged: BY_AGE,
        remove: flags.delete ?? false,
      });
      const paths = report.garbage.paths.map((path) => relative(workspace, path));
      const { store, kept, garbage, removed } = report;
      if (flags.json === true) {
        const shown = { ...report, garbage: { ...garbage, paths } };
        process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
        return;
      }
      const share = ({ files, bytes }: { files: number; bytes: number }) =>
        `${files} files, ${byteSize(bytes)}`;
      process.stdout.write(
        [
          ...paths,
          `store    ${share(store)}`,
          `kept     ${share(kept)}`,
          `${removed ? 'removed ' : 'garbage '} ${share(garbage)}${removed || paths.length === 0 ? '' : '; --delete removes it'}`,
          '',
        ].join('\n'),
      );
    });
}
