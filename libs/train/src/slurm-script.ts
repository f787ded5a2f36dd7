import { shellWord } from '@flexattn/stage';
import type { LaunchPlan } from './launch-plan.js';
import type { SlurmSettings } from './launcher-settings.js';

export interface SlurmScript {
  /** The program that one machine runs. */
  plan: LaunchPlan;
  slurm: SlurmSettings;
  /** Where relative paths start. */
  folder: string;
  /** CPU threads of one machine. */
  cpus: number;
}

/** Ports that jobs meet at: below those that Linux gives to outgoing connections (32768), above the services'. */
const FIRST_PORT = 15_000;
const PORTS = 15_000;

/**
 * The batch script of a training: readable, and the same job when it is submitted by hand. It starts one
 * torch.distributed.run on each machine, tells the trainer to stop when Slurm or the launcher signals, and queues
 * itself again where its time runs out. Names in `#SBATCH` lines are those that the settings' schema lets through;
 * everything else is a quoted word.
 */
export function slurmScript({ plan, slurm, folder, cpus }: SlurmScript): string {
  return `#!/bin/bash
# Written by "flexattn train"; can be submitted by hand from this folder: sbatch train.sbatch
${headers(slurm, cpus)
  .map((header) => `#SBATCH ${header}`)
  .join('\n')}

# Where the processes meet: the first machine, at a port of this job's own.
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address=$(scontrol show node "$first" --oneliner | sed -n 's/.* NodeAddr=\\([^ ]*\\) .*/\\1/p')
export PET_RDZV_ENDPOINT="\${address:-$first}:$((${FIRST_PORT} + SLURM_JOB_ID % ${PORTS}))"
export PET_RDZV_ID="$SLURM_JOB_ID"
${Object.entries(plan.env)
  .map(([name, value]) => `export ${name}=${shellWord(value)}`)
  .join('\n')}

cd -- ${shellWord(folder)} || exit
trainer=(
${[plan.program, ...plan.args].map((word) => `  ${shellWord(word)}`).join('\n')}
)

# A line on its standard input asks the trainer to end its step and write a state. The end of it, when this script
# dies, ends the trainer.
exec 3>&1
coproc srun { exec srun --kill-on-bad-exit=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" "\${trainer[@]}" >&3 2>&1; }
run=$srun_PID
exec 4>&"\${srun[1]}"
again=
stop() { echo stop >&4; } 2> /dev/null
trap '' PIPE
trap stop INT TERM
trap 'again=yes; stop' USR1 # the time limit is near
while kill -0 "$run" 2> /dev/null; do wait "$run"; done
wait "$run"
code=$?
if [ -n "$again" ] && [ "$code" -ne 0 ]; then
  echo "flexattn: the time limit is near; queued again"
  exec scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
`;
}

function headers(slurm: SlurmSettings, cpus: number): string[] {
  const { partition, account, nodes, gpusPerNode, time, secondsToSave } = slurm;
  return [
    '--job-name=flexattn',
    `--nodes=${nodes}`,
    '--ntasks-per-node=1',
    `--cpus-per-task=${cpus}`,
    ...(gpusPerNode === undefined ? [] : [`--gpus-per-node=${gpusPerNode}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    '--requeue',
    '--open-mode=append',
    `--signal=B:USR1@${secondsToSave}`,
    '--output=job-%j.log',
  ];
}
