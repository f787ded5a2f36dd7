import type { Command } from 'commander';
import type { DeviceCheck } from '@flexattn/flexattn-runtime';
import { namedPython, workspaceOf } from '../run-context.js';

/** `flexattn doctor`: what this machine has and lacks, and the commands that add it. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'says what this machine has and lacks: Node, Python, torch, disk, memory, GPUs, Slurm; and how it is added',
    )
    .option('--json', 'print the checks as JSON')
    .addHelpText('after', '\nExample:\n  flexattn doctor\n')
    .action(async ({ json = false }: { json?: boolean }) => {
      const { deviceReport } = await import('@flexattn/flexattn-runtime');
      const { machineChecks } = await import('../machine-checks.js');
      const cwd = process.cwd();
      const python = namedPython(process.env['FLEXATTN_PYTHON']);
      const checks = [...(await machineChecks(workspaceOf(cwd, cwd), python)), ...(await deviceReport())];
      process.stdout.write(json ? `${JSON.stringify({ checks }, null, 2)}\n` : checks.map(lineOf).join(''));
    });
}

/** One line a check, and under it the commands that add what is missing. */
function lineOf({ name, ok, found, remedy }: DeviceCheck): string {
  const lines = [
    `${ok ? 'ok     ' : 'missing'} ${name}: ${found}`,
    ...remedy.map((line) => `          ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}
