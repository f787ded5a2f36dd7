import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { tellLine, writeFileAtomic } from '@flexattn/stage';
import { deviceOption, endingIn, positiveInteger } from '../flags.js';
import type { DeviceName } from '../flags.js';
import { modelFingerprints } from '../model-fingerprints.js';
import { isLongQuestion } from '../question-length.js';
import { abortOnSignals } from '../signals.js';

interface AskFlags {
  model: string;
  image: string;
  maxNewTokens: number;
  device: DeviceName;
  threads?: number;
  explain?: string;
  json?: boolean;
}

/** Stands for a question on standard input. */
const STDIN = '-';

/** `flexattn ask`: one question about one picture, the answer token by token. */
export function addAskCommand(program: Command): void {
  program
    .command('ask')
    .description('answers a question about a picture, token by token')
    .argument('<question>', 'or - to read it from standard input')
    .requiredOption('--model <dir>', 'a folder that compile wrote, or a checkpoint')
    .requiredOption('--image <file>', 'a PNG, JPEG, WebP, GIF, TIFF or BMP picture')
    .option('--max-new-tokens <n>', 'the longest answer, in tokens', positiveInteger, 256)
    .addOption(deviceOption())
    .option('--threads <n>', 'threads of the model; default: one per core', positiveInteger)
    .option('--explain <file.png>', 'draw where in the picture the answer looked', endingIn('.png'))
    .option('--json', 'print the whole answer as JSON at the end')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn ask --model runs/tiny/compile/flexattn --image picture.png "Which way do the stripes on the red plate run?"\n',
    )
    .action((question: string, flags: AskFlags) =>
      isLongQuestion(question) ? askInChild(question) : ask(question, flags),
    );
}

async function ask(given: string, flags: AskFlags): Promise<void> {
  const question = given === STDIN ? (await text(process.stdin)).trim() : given;
  const { buildPrompt, deviceLine, explanationPng, loadModel, readImage } =
    await import('@flexattn/flexattn-runtime');
  const { device, threads, json } = flags;
  const signal = abortOnSignals();
  const image = await readImage(flags.image);
  const pixels = await image.raster();
  tellLine(await deviceLine(device));
  const model = await loadModel(flags.model, {
    device,
    threads,
    fingerprints: modelFingerprints(process.env),
  });
  try {
    const request = {
      image: pixels,
      prompt: buildPrompt(question),
      maxNewTokens: flags.maxNewTokens,
      signal,
      ...(json === true ? {} : { onToken: (text: string) => void process.stdout.write(text) }),
    };
    const answer = flags.explain === undefined ? await model.generate(request) : await model.explain(request);
    if (flags.explain !== undefined && 'picture' in answer)
      await writeFileAtomic(flags.explain, await explanationPng(image, answer));
    process.stdout.write(
      json === true ? `${JSON.stringify({ ...answer, selection: model.selection }, null, 2)}\n` : '\n',
    );
  } finally {
    await model.close();
  }
}

/** ONNX Runtime crashes in a process with an argument of 32 kB: the same command again, with the question on stdin. */
async function askInChild(question: string): Promise<void> {
  const [, command = '', ...args] = process.argv;
  const child = spawn(process.execPath, [command, ...args.map((arg) => (arg === question ? STDIN : arg))], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  // A Ctrl-C reaches the child by itself; what only we are told is passed on.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.stdin.on('error', () => undefined); // It may end before it has read all; its exit code tells why.
  child.stdin.end(question);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 70;
}
