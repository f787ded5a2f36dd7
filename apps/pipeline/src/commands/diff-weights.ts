import type { TensorDifference, WeightsDifference } from '@flexattn/model-prep';
import type { Command } from 'commander';
import { PipelineError } from '../errors.js';
import { abortOnSignals } from '../signals.js';

/** `flexattn diff-weights`: which tensors of two checkpoints differ, and by how much. */
export function addDiffWeightsCommand(program: Command): void {
  program
    .command('diff-weights')
    .description('compares the weights of two folders tensor by tensor; exit code 1 where they differ')
    .argument('<a>', 'a folder with weights')
    .argument('<b>', 'another one')
    .option('--json', 'print the differences as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn diff-weights checkpoints/flexattn-7b runs/flexattn-7b/train/flexattn-7b\n',
    )
    .action(async (a: string, b: string, flags: { json?: boolean }) => {
      const { diffWeights } = await import('@flexattn/model-prep');
      const difference = await diffWeights(a, b, abortOnSignals());
      const text =
        flags.json === true ? `${JSON.stringify(difference, null, 2)}\n` : differenceText(difference);
      process.stdout.write(text);
      const { onlyInA, onlyInB, different } = difference;
      const count = onlyInA.length + onlyInB.length + different.length;
      if (count === 0) return;
      const what = count === 1 ? '1 tensor differs' : `${count} tensors differ`;
      throw new PipelineError('WEIGHTS_DIFFER', what, { exitCode: 1 });
    });
}

function differenceText({ equal, onlyInA, onlyInB, different }: WeightsDifference): string {
  const lines = [
    ...onlyInA.map((name) => `only in A: ${name}`),
    ...onlyInB.map((name) => `only in B: ${name}`),
    ...different.map(differenceLine),
    `${equal} tensors equal, ${different.length} different, ${onlyInA.length} only in A, ${onlyInB.length} only in B`,
  ];
  return `${lines.join('\n')}\n`;
}

function differenceLine({ name, a, b, values }: TensorDifference): string {
  const type = ({ dtype, shape }: TensorDifference['a']): string => `${dtype} [${shape.join(', ')}]`;
  const types = type(a) === type(b) ? type(a) : `${type(a)} and ${type(b)}`;
  if (!values) return `differs: ${name} ${types}`;
  const { differing, elements, maxAbsolute, relative } = values;
  const by = `${differing} of ${elements} values, at most ${maxAbsolute.toPrecision(3)}, relative ${relative.toPrecision(3)}`;
  return `differs: ${name} ${types}: ${by}`;
}
