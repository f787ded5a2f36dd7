import type { Stage } from '../stage.js';
import { clean } from './clean.js';
import { compile } from './compile.js';
import { evaluate } from './eval.js';
import { infer } from './infer.js';
import { init } from './init.js';
import { items } from './items.js';
import { report } from './report.js';
import { tokens } from './tokens.js';
import { train } from './train.js';

/** A command, the steps that it runs, and those whose summary it shows at the end. */
export interface StageCommand {
  name: string;
  description: string;
  steps: readonly Stage[];
  shows: readonly Stage[];
}

const STAGES: readonly StageCommand[] = [
  { name: 'clean', description: clean.purpose, steps: [clean], shows: [clean] },
  { name: 'init', description: init.purpose, steps: [init], shows: [init] },
  { name: 'train', description: train.purpose, steps: [tokens, train], shows: [train] },
  { name: 'compile', description: compile.purpose, steps: [compile], shows: [compile] },
  { name: 'infer', description: infer.purpose, steps: [items, infer], shows: [infer] },
  { name: 'eval', description: evaluate.purpose, steps: [evaluate], shows: [evaluate] },
  { name: 'report', description: report.purpose, steps: [report], shows: [report] },
];

/** The stages in order, then all of them as one command. */
export const COMMANDS: readonly StageCommand[] = [
  ...STAGES,
  {
    name: 'all',
    description: 'runs every stage whose result is not at hand, prints the scores and the path of the report',
    steps: STAGES.flatMap(({ steps }) => steps),
    shows: [evaluate, report],
  },
];
