import { shellWord } from '@flexattn/stage';
import type { LaunchPlan } from './launch-plan.js';

/** Ends the trainer with its standard input: right below a launcher, wrong for a person who has none to close. */
const WATCH = '--watch-stdin';
/** Words that no shell changes. */
const PLAIN = /^[\w@%+:,./-]+$/;

/**
 * What would be started as text for bash (and zsh): variables, program and arguments, each quoted where it has to be;
 * for Slurm `sbatch` with its script.
 */
export function shellLine({ program, args, env, script }: LaunchPlan & { script?: string }): string {
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${word(value)}`);
  if (script === undefined) {
    const own = args.filter((argument) => argument !== WATCH);
    return [...assignments, program, ...own]
      .map((part, i) => (i < assignments.length ? part : word(part)))
      .join(' ');
  }
  const options = args.slice(0, -1).map(word); // sbatch reads its script from standard input
  return `${[...assignments, program, ...options].join(' ')} <<'SBATCH'\n${script.trimEnd()}\nSBATCH`;
}

function word(text: string): string {
  return PLAIN.test(text) ? text : shellWord(text);
}
