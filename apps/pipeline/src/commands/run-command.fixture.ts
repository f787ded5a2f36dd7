import { vi } from 'vitest';
import { createProgram } from '../command.js';

/** Runs a command line in this process: what it printed. Clear with `forgetCommands` after each test. */
export async function runCommand(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += String(text);
      return true;
    });
  }
  const program = createProgram('0');
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync(['node', 'flexattn', ...args]);
  return printed;
}

/** Takes back what `runCommand` left in the process. */
export function forgetCommands(): void {
  vi.restoreAllMocks();
  process.removeAllListeners('SIGINT');
  process.removeAllListeners('SIGTERM');
}
