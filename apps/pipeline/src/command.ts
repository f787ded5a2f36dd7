import { Command } from 'commander';
import { addAskCommand } from './commands/ask.js';
import { addCompareCommand } from './commands/compare.js';
import { addCompletionCommand } from './commands/completion.js';
import { addConfigCommand } from './commands/config.js';
import { addConvertCommand } from './commands/convert.js';
import { addDiffCommand } from './commands/diff.js';
import { addDiffWeightsCommand } from './commands/diff-weights.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addDownloadCommand } from './commands/download.js';
import { addInspectCommand } from './commands/inspect.js';
import { addExplainCommand } from './commands/explain.js';
import { addManifestCommand } from './commands/manifest.js';
import { addPlanCommand } from './commands/plan.js';
import { addPythonCommand } from './commands/python-env.js';
import { addGcCommand } from './commands/gc.js';
import { addLockCommand } from './commands/lock.js';
import { addStatusCommand } from './commands/status.js';
import { addStageCommands } from './commands/stages.js';
import { addSweepCommand } from './commands/sweep.js';
import { addVerifyCommand } from './commands/verify.js';
import { tellAsEvents } from './events.js';

/** The `flexattn` command, as commander's tree; parsing it runs what was asked for. */
export function createProgram(version: string): Command {
  const program = new Command('flexattn')
    .description(
      'From a raw LLaVA dataset and a LLaVA-1.5 checkpoint to a trained, scored FlexAttention model.',
    )
    .version(version)
    .addHelpText('after', '\nExample:\n  flexattn all --config tiny\n')
    .showHelpAfterError('(flexattn --help lists the commands)')
    .exitOverride();
  program.hook('preAction', (_, action) => tellAsEvents(action.opts()['json'] === true));
  addStageCommands(program);
  addAskCommand(program);
  addCompareCommand(program);
  addInspectCommand(program);
  addExplainCommand(program);
  addVerifyCommand(program);
  addDoctorCommand(program);
  addDownloadCommand(program);
  addConvertCommand(program);
  addDiffWeightsCommand(program);
  addPlanCommand(program);
  addPythonCommand(program);
  addConfigCommand(program);
  addStatusCommand(program);
  addLockCommand(program);
  addManifestCommand(program);
  addCompletionCommand(program);
  addSweepCommand(program);
  addDiffCommand(program);
  addGcCommand(program);
  return program;
}
