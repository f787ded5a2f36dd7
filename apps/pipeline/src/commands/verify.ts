import { resolve } from 'node:path';
import { resultLine } from '../events.js';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Device, PrecisionCase } from '@flexattn/flexattn-runtime';
import { PipelineError } from '../errors.js';
import { namedPython, workspaceOf } from '../run-context.js';
import { abortOnSignals } from '../signals.js';
import { trainingPython } from '../stages/train.js';
import { verifyCases, type VerifiedCase } from '../verify-golden.js';
import { verifyChecksumList } from './verify-checksums.js';

interface VerifyFlags {
  golden?: string[];
  sha256?: string;
  precision?: 'int8' | 'int4';
  blockSize: 32 | 128;
  device: Device;
  graphs?: 'steps' | 'loop';
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
    .addOption(
      new Option(
        '--precision <bits>',
        'tell instead how far the model in fewer bits is from the figures',
      ).choices(['int8', 'int4']),
    )
    .option('--block-size <n>', 'weights that share a scale, 32 or 128', blockSize, 32)
    .addOption(
      new Option('--device <name>', 'what runs generation cases')
        .choices(['auto', 'cpu', 'cuda', 'webgpu'])
        .default('cpu'),
    )
    .addOption(
      new Option(
        '--graphs <name>',
        'step graphs, or the whole answer as one graph, as CUDA runs it; default: as the device has it',
      ).choices(['steps', 'loop']),
    )
    .option('--json', 'print what was computed')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn verify --golden libs/flexattn-runtime/golden/zoom3-126px\n' +
        '  flexattn verify --golden libs/flexattn-runtime/golden/zoom3-126px --graphs loop\n' +
        '  flexattn verify --golden libs/flexattn-runtime/golden/zoom3-126px --precision int8\n' +
        '  flexattn verify checkpoints/llava-v1.5-7b --sha256 SHA256SUMS\n',
    )
    .action(verify);
}

async function verify(dir: string | undefined, flags: VerifyFlags): Promise<void> {
  if (dir !== undefined && flags.sha256 !== undefined && flags.golden === undefined) {
    return verifyChecksumList(dir, flags.sha256, flags.json ?? false);
  }
  if (flags.golden === undefined || dir !== undefined || flags.sha256 !== undefined) {
    const hint = 'see flexattn verify --help';
    throw new PipelineError('BAD_CONFIG', 'expected --golden with folders, or a folder and --sha256', {
      hint,
    });
  }
  const golden = flags.golden.map((folder) => resolve(folder));
  return flags.precision === undefined
    ? verifyFigures(golden, flags)
    : verifyInFewerBits(golden, flags.precision, flags);
}

/** Compares every figure of golden folders and fails where one differs. */
async function verifyFigures(golden: readonly string[], flags: VerifyFlags): Promise<void> {
  const { device, graphs, json = false } = flags;
  const signal = abortOnSignals();
  const cwd = process.cwd();
  const python = async () => {
    const python = namedPython(process.env['FLEXATTN_PYTHON']);
    const workspace = workspaceOf(cwd, cwd);
    return (await trainingPython({ workspace, python, signal, quiet: json })).python;
  };
  const cases = await verifyCases(golden, { python, device, graphs, signal });
  const ok = cases.every((one) => one.ok);
  process.stdout.write(json ? resultLine({ ok, cases }) : cases.map(caseLine).join(''));
  if (!ok) {
    const failed = cases.filter((one) => !one.ok).map((one) => one.case);
    throw new PipelineError('VERIFY_FAILED', `golden cases differ: ${failed.join(', ')}`, { exitCode: 1 });
  }
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

/** Prints how far int8 or int4 weights take golden models from their figures; no limit is set, so nothing fails. */
async function verifyInFewerBits(
  golden: readonly string[],
  precision: 'int8' | 'int4',
  { blockSize, json = false }: VerifyFlags,
): Promise<void> {
  const { verifyPrecision } = await import('@flexattn/flexattn-runtime');
  const cases = await verifyPrecision(golden, { precision, blockSize, signal: abortOnSignals() });
  process.stdout.write(
    json ? resultLine({ precision, blockSize, cases }) : cases.map(precisionLine).join(''),
  );
}

function precisionLine({ case: name, jaccard, ...figures }: PrecisionCase): string {
  const { equalTokens, tokens, logitError, weightError, steps } = figures;
  const regions = jaccard === null ? 'none selected' : `Jaccard ${jaccard.toFixed(3)}`;
  return (
    `${name}: ${equalTokens} of ${tokens} tokens equal; over ${steps} steps: regions ${regions}, ` +
    `logit error ${logitError.toExponential(1)}, weight error ${weightError.toExponential(1)}\n`
  );
}

function blockSize(text: string): 32 | 128 {
  if (text === '32') return 32;
  if (text === '128') return 128;
  throw new InvalidArgumentError('expected 32 or 128.');
}
