import type { TestProject } from 'vitest/node';
import { runCommand, type Outcome } from './command-line.js';

declare module 'vitest' {
  interface ProvidedContext {
    firstRun: Outcome;
  }
}

/** Runs the whole chain once, as a user does; the tests look at what it printed and wrote. */
export default async function runChain(project: TestProject): Promise<void> {
  project.provide(
    'firstRun',
    await runCommand('npx', ['nx', 'run', 'pipeline:all'], { watch: (_, printed) => show(printed) }),
  );
}

let shown = 0;

/** Minutes of silence would look like a hang. */
function show(printed: string): void {
  process.stdout.write(printed.slice(shown));
  shown = printed.length;
}
