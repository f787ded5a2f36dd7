import type { Command } from 'commander';
import { positiveInteger } from '../flags.js';
import { checkQuestion } from '../question-length.js';
import { abortOnSignals } from '../signals.js';

interface AskFlags {
  model: string;
  image: string;
  maxNewTokens: number;
  json?: boolean;
}

/** `flexattn ask`: one question about one picture, the answer token by token. */
export function addAskCommand(program: Command): void {
  program
    .command('ask')
    .description('answers a question about a picture, token by token')
    .argument('<question>')
    .requiredOption('--model <dir>', 'a folder that compile wrote, or a checkpoint')
    .requiredOption('--image <file>', 'a PNG, JPEG, WebP, GIF, TIFF or BMP picture')
    .option('--max-new-tokens <n>', 'the longest answer, in tokens', positiveInteger, 256)
    .option('--json', 'print the whole answer as JSON at the end')
    .addHelpText(
      'after',
      '\nExample:\n  flexattn ask --model runs/tiny/compile/flexattn --image picture.png "Which way do the stripes on the red plate run?"\n',
    )
    .action(async (question: string, flags: AskFlags) => {
      checkQuestion(question);
      const { buildPrompt, loadModel } = await import('@flexattn/flexattn-runtime');
      const model = await loadModel(flags.model);
      try {
        const answer = await model.generate({
          image: flags.image,
          prompt: buildPrompt(question),
          maxNewTokens: flags.maxNewTokens,
          signal: abortOnSignals(),
          ...(flags.json === true ? {} : { onToken: (text: string) => void process.stdout.write(text) }),
        });
        process.stdout.write(flags.json === true ? `${JSON.stringify(answer, null, 2)}\n` : '\n');
      } finally {
        await model.release();
      }
    });
}
