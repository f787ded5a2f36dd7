import type { LaunchPlan } from './launch-plan.js';

/** What the placeholders of `train.command` stand for. */
export interface CommandPaths {
  checkpoint: string;
  /** The annotations in LLaVA's format, as `clean` writes them. */
  data: string;
  images: string;
  out: string;
}

/** The program with its placeholders filled in, in each argument by itself: no shell reads them. */
export function externalPlan(command: readonly string[], paths: CommandPaths): LaunchPlan {
  const fill = (part: string) =>
    part.replace(/\{(checkpoint|data|images|out)\}/g, (_, name: keyof CommandPaths) => paths[name]);
  const [program = '', ...args] = command.map(fill);
  return { program, args, env: {} };
}
