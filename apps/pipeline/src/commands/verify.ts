import { resolve } from 'node:path';
import type { Command } from 'commander';
import { PipelineError } from '../errors.js';
import { namedPython, workspaceOf } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { trainingPython } from '../stages/train.js';
import { verifyCases, type VerifiedCase } from '../verify-golden.js';
import { verifyChecksumList } from './verify-checksums.js';

interface VerifyFlags {
  golden?: string[];
  sha256?: string;
  json?: boolean;
}

/**
 * `flexattn verify`: runs golden folders and compares tokens, regions, logits, losses and gradients; or compares files
 * with their checksums.
 */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description(
      'runs golden folders (generation and training cases) and compares every figure, or the files of a folder with their checksums',
    )
    .argument('[dir]', 'with --sha256: the folder of the files')
    .option('--golden <dir...>', 'folders with config.json, model.safetensors and expected.json')
    .option('--sha256 <file>', 'a list as sha256sum writes it')
    .option('--json', 'print what was computed')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn verify --golden libs/flexattn-runtime/golden/zoom3-126px\n' +
        '  flexattn verify checkpoints/llava-v1.5-7b --sha256 SHA256SUMS\n',
    )
    .action(async (dir: string | undefined, flags: VerifyFlags) => {
      if (dir !== undefined && flags.sha256 !== undefined && flags.golden === undefined) {
        return verifyChecksumList(dir, flags.sha256, flags.json ?? false);
      }
      if (flags.golden === undefined || dir !== undefined || flags.sha256 !== undefined) {
        const hint = 'see flexattn verify --help';
        throw new PipelineError('BAD_CONFIG', 'expected --golden with folders, or a folder and --sha256', {
          hint,
        });
      }
      const signal = abortOnSignals();
      const cwd = process.cwd();
      const python = async () => {
        const python = namedPython(process.env['FLEXATTN_PYTHON']);
        const workspace = workspaceOf(cwd, cwd);
        return (await trainingPython({ workspace, python, signal, quiet: flags.json ?? false })).python;
      };
      const cases = await verifyCases(
        flags.golden.map((folder) => resolve(folder)),
        { python, signal },
      );
      const ok = cases.every((one) => one.ok);
      process.stdout.write(
        flags.json === true ? `${JSON.stringify({ ok, cases })}\n` : cases.map(caseLine).join(''),
      );
      if (!ok) {
        const failed = cases.filter((one) => !one.ok).map((one) => one.case);
        throw new PipelineError('VERIFY_FAILED', `golden cases differ: ${failed.join(', ')}`, {
          exitCode: 1,
        });
      }
    });
}

/** One line a case: what was compared, and the largest error of each kind. */
function caseLine({ case: name, ok, images, training }: VerifiedCase): string {
  const parts = [
    ...images.map(
      ({ image, tokens, maxLogitDifference }) =>
        `${image} ${tokens.length} tokens, logits ${maxLogitDifference.toExponential(1)}`,
    ),
    ...training.map(
      ({ epoch, gradientErrors }) =>
        `epoch ${epoch} gradients ${Math.max(...Object.values(gradientErrors)).toExponential(1)}`,
    ),
  ];
  return `${ok ? 'ok  ' : 'FAIL'} ${name}: ${parts.join('; ')}\n`;
}
