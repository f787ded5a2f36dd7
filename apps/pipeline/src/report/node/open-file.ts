import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PipelineError } from '../../errors.js';

/** The program that shows a file as its user has set it. */
export function opener(platform: NodeJS.Platform, file: string): [program: string, args: string[]] {
  if (platform === 'darwin') return ['open', [file]];
  if (platform === 'win32') return ['cmd', ['/c', 'start', '', file]];
  return ['xdg-open', [file]];
}

/**
 * Shows a file in the user's browser, which outlives us. Where that cannot be done: `BAD_ARGUMENT`, with the file to
 * open by hand.
 */
export async function openFile(
  file: string,
  [program, args]: [program: string, args: string[]] = opener(process.platform, file),
): Promise<void> {
  const failed = (why: string, cause?: unknown) =>
    new PipelineError('BAD_ARGUMENT', `"${program}" could not show the report: ${why}`, {
      file,
      hint: 'open it in a browser by hand, or copy it to a machine that has one',
      cause,
    });
  // a group of its own: a browser that it starts must not die with us
  const child = spawn(program, args, { detached: true, stdio: 'ignore' });
  const [code] = (await once(child, 'close').catch((cause: unknown) => {
    throw failed('it cannot be started', cause);
  })) as [number | null];
  if (code !== 0) throw failed(`it ended with ${code ?? 'a signal'}`);
}
