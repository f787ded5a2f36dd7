import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const SBATCH = (state: string) => `#!/bin/bash
script="\${@: -1}"
case "$*" in *--partition=none*) echo 'sbatch: error: invalid partition specified: none' >&2; exit 1;; esac
id=$((100 + $(ls '${state}' | grep -c args)))
printf '%s\\n' "$@" > '${state}'/$id.args
for index in $(sed -n 's/^#SBATCH --array=//p' "$script" | tr , ' '); do
  SLURM_ARRAY_TASK_ID=$index setsid bash "$script" > "task-$index.log" 2>&1 < /dev/null &
  # Whoever called us ends our group with us: a task must have left it.
  while kill -0 $! 2> /dev/null && [ "$(ps -o pgid= -p $! | tr -d ' ')" != $! ]; do :; done
  echo $! > '${state}'/$id.$index.pid
done
echo $id
`;

const SCONTROL = (state: string) => `#!/bin/bash
shopt -s nullglob
files=('${state}'/$3.*.pid)
[ \${#files[@]} -eq 0 ] && { echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1; }
for file in "\${files[@]}"; do
  index=\${file%.pid}
  # A process that nobody has waited for is still listed.
  [[ $(ps -o stat= -p "$(cat "$file")") = [!Z]* ]] && job=RUNNING || job=FAILED
  echo "JobId=1 ArrayJobId=$3 ArrayTaskId=\${index##*.} JobState=$job Reason=None ExitCode=0:0 NodeList=n1"
done
`;

const SCANCEL = (state: string) => `#!/bin/bash
for file in '${state}'/$1.*.pid; do kill -TERM -- "-$(cat "$file")" 2> /dev/null; done
touch '${state}'/$1.cancelled
`;

/**
 * Programs that take the place of sbatch, scontrol and scancel: the tasks of an array are processes here.
 *
 * @returns the PATH with them before all others
 */
export function stubSlurm(folder: string): string {
  const state = join(folder, 'state');
  const bin = join(folder, 'bin');
  for (const made of [state, bin]) mkdirSync(made, { recursive: true });
  const programs = { sbatch: SBATCH(state), scontrol: SCONTROL(state), scancel: SCANCEL(state) };
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(bin, name), text, { mode: 0o755 });
  return `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
}
