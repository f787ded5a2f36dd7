import type { Command } from 'commander';
import type { EncodedImage, Explanation } from '@flexattn/flexattn-runtime';
import { tellLine, writeFileAtomic } from '@flexattn/stage';
import { deviceOption, endingIn, positiveInteger } from '../flags.js';
import type { DeviceName } from '../flags.js';
import { modelFingerprints } from '../model-fingerprints.js';
import { checkQuestion } from '../question-length.js';
import { abortOnSignals } from '../signals.js';

interface ExplainFlags {
  model: string;
  image: string;
  out: string;
  webp?: string;
  token?: number;
  maxNewTokens: number;
  device: DeviceName;
  threads?: number;
  json?: boolean;
  dryRun?: boolean;
}

/** `flexattn explain`: answers a question and draws where in the picture every token of the answer looked. */
export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description('answers a question and draws which regions of the picture each layer selected')
    .argument('<question>')
    .requiredOption('--model <dir>', 'a folder that compile wrote, or a checkpoint')
    .requiredOption('--image <file>', 'a PNG, JPEG, WebP, GIF, TIFF or BMP picture')
    .requiredOption('--out <file.png>', 'the drawing', endingIn('.png'))
    .option('--webp <file.webp>', 'an animation too, a frame for every token', endingIn('.webp'))
    .option('--token <n>', 'draw the n-th token alone; otherwise all together', positiveInteger)
    .option('--max-new-tokens <n>', 'the longest answer, in tokens', positiveInteger, 256)
    .addOption(deviceOption())
    .option('--threads <n>', 'threads of the model; default: one per core', positiveInteger)
    .option('--json', 'print the answer and the regions, in pixels of the picture')
    .option('--dry-run', 'say what would be written, and do nothing')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn explain --model runs/tiny/compile/flexattn --image picture.png --out regions.png "Which way do the stripes on the red plate run?"\n',
    )
    .action(explain);
}

async function explain(question: string, flags: ExplainFlags): Promise<void> {
  checkQuestion(question);
  const files = [flags.out, ...(flags.webp === undefined ? [] : [flags.webp])];
  if (flags.dryRun === true) {
    process.stdout.write(
      flags.json === true ? `${JSON.stringify({ files })}\n` : `would write ${files.join(', ')}\n`,
    );
    return;
  }
  const { buildPrompt, deviceLine, loadModel, readImage } = await import('@flexattn/flexattn-runtime');
  const image = await readImage(flags.image);
  const { device, threads } = flags;
  const fingerprints = modelFingerprints(process.env);
  tellLine(await deviceLine(device));
  const model = await loadModel(flags.model, { device, threads, fingerprints });
  try {
    const explanation = await model.explain({
      image,
      prompt: buildPrompt(question),
      maxNewTokens: flags.maxNewTokens,
      signal: abortOnSignals(),
    });
    await draw(image, explanation, flags);
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ ...explanation, selection: model.selection }, null, 2)}\n`
        : `${explanation.text}\nwrote ${files.join(', ')}\n`,
    );
  } finally {
    await model.close();
  }
}

async function draw(image: EncodedImage, explanation: Explanation, flags: ExplainFlags): Promise<void> {
  const { explanationPng, explanationWebp } = await import('@flexattn/flexattn-runtime');
  const token = flags.token === undefined ? undefined : flags.token - 1;
  await writeFileAtomic(flags.out, await explanationPng(image, explanation, token));
  if (flags.webp !== undefined) await writeFileAtomic(flags.webp, await explanationWebp(image, explanation));
}
