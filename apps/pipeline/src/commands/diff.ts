import type { Command } from 'commander';
import type { SettingDifference } from '../config-differences.js';
import { workspaceOf } from '../run-context.js';

/** `flexattn diff`: what two configurations, runs or revisions differ in. */
export function addDiffCommand(program: Command): void {
  program
    .command('diff')
    .description('tell what two runs differ in: settings, locked data, scores with significance')
    .argument('[a]', 'a name in configs/, a .json file, runs/NAME, a git revision, or REVISION:NAME', 'HEAD')
    .argument('[b]', 'the same', 'tiny')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn diff tiny tiny-ablation\n  flexattn diff runs/tiny runs/mine\n  flexattn diff HEAD~1 tiny\n',
    )
    .action(async (a: string, b: string, { json = false }: { json?: boolean }) => {
      const { runDifference } = await import('../run-difference.js');
      const cwd = process.cwd();
      const { settings, data, scores } = await runDifference(a, b, workspaceOf(cwd, cwd));
      const text = [
        ...section('settings', settings),
        ...section('data', data),
        'scores',
        scores?.text ?? '  not compared: both must be runs that eval has scored here\n',
      ];
      process.stdout.write(
        json
          ? `${JSON.stringify({ settings, data, scores: scores?.comparisons ?? null }, null, 2)}\n`
          : text.join('\n'),
      );
    });
}

function section(title: string, differences: readonly SettingDifference[]): string[] {
  const shown = (value: unknown) => (value === undefined ? '(none)' : JSON.stringify(value));
  const lines = differences.map(({ path, a, b }) => `  ${path}: ${shown(a)} -> ${shown(b)}`);
  return [title, ...(lines.length === 0 ? ['  the same'] : lines), ''];
}
