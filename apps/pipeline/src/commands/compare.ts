import type { Gate } from '@flexattn/eval';
import { InvalidArgumentError, type Command } from 'commander';
import { PipelineError } from '../errors.js';
import { wholeNumber } from '../flags.js';
import { workspaceOf } from '../run-context.js';

interface CompareFlags {
  model?: string;
  failBelow: { metric: string; value: number }[];
  failOnRegression?: number;
  seed?: number;
  json?: boolean;
}

/** `flexattn compare`: what a second evaluation does differently on the same items, and whether it may pass. */
export function addCompareCommand(program: Command): void {
  program
    .command('compare')
    .description(
      'compares two evaluations item by item, and fails (exit 1) where the second is not good enough',
    )
    .argument('<a>', 'a run, the folder of its scores, or that of one model in there')
    .argument('<b>', 'the same; differences are b minus a')
    .option('--model <name>', 'this model of both; default: every model that both have')
    .option('--fail-below <metric=value>', 'fail where b scores lower, 0 to 1; may be repeated', limit, [])
    .option('--fail-on-regression <p>', 'fail where a main metric fell with a p-value below this', share)
    .option('--seed <n>', 'of the bootstrap; default: that of the first evaluation', wholeNumber)
    .option('--json', 'print everything as JSON, every flipped item too')
    .addHelpText(
      'after',
      `
Example:
  flexattn compare runs/tiny/eval/low-res runs/tiny/eval/flexattn
  flexattn compare main-branch tiny --model flexattn --fail-below vstar=0.85 --fail-on-regression 0.01
`,
    )
    .action(async (a: string, b: string, flags: CompareFlags) => {
      const { compareEvaluations } = await import('../compare-evaluations.js');
      const cwd = process.cwd();
      const { failBelow, failOnRegression, model, seed } = flags;
      const gate: Gate = { failBelow, failOnRegression };
      const { text, comparisons, failures } = await compareEvaluations(a, b, {
        cwd,
        workspace: workspaceOf(cwd, cwd),
        model,
        seed,
        gate,
      });
      const ok = failures.length === 0;
      process.stdout.write(flags.json === true ? `${JSON.stringify({ ok, failures, comparisons })}\n` : text);
      if (!ok) throw new PipelineError('GATE_FAILED', failures.join('; '), { exitCode: 1 });
    });
}

/** METRIC=VALUE; collects repetitions. */
function limit(
  text: string,
  before: { metric: string; value: number }[],
): { metric: string; value: number }[] {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected METRIC=VALUE, as vstar.accuracy_plain=0.5.');
  return [...before, { metric: text.slice(0, at), value: share(text.slice(at + 1)) }];
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('expected a number from 0 to 1.');
  }
  return value;
}
