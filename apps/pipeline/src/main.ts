import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { describeError } from '@flexattn/stage';
import { z } from 'zod';
import { createProgram } from './command.js';
import { errorLine } from './events.js';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

/** Removes a live progress line. */
const CLEAR_LINE = '\r\u001b[2K';

// Who reads our output may stop early (`| head`): no reason to complain.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await createProgram(version).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const described = describeError(error);
    process.stderr.write(`${process.stderr.isTTY ? CLEAR_LINE : ''}${errorLine(error, described)}\n`);
    process.exitCode = described.exitCode;
  }
}
