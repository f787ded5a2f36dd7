import { shellWord } from '@flexattn/stage';

/** A word of a task's command: as it is, or with the task's index between two parts. */
export type TaskWord = string | { before: string; after: string };

export interface ArrayScript {
  /** The command: `clean` or `infer`. */
  name: string;
  /** The tasks that are to run, by index. */
  open: readonly number[];
  /** For logs and exit codes. */
  folder: string;
  /** Where relative paths start. */
  cwd: string;
  /** What a task runs. */
  words: readonly TaskWord[];
}

/**
 * The batch script of an array: readable, and the same job when it is submitted by hand. Each task is one process,
 * which is told its part by `--shard`; its exit code is left in `task-INDEX.exit`, for Slurm forgets a task some
 * minutes after its end.
 */
export function arrayScript({ name, open, folder, cwd, words }: ArrayScript): string {
  return `#!/bin/bash
# Written by "flexattn ${name} --launcher slurm"; can be submitted by hand from a folder for its logs
#SBATCH --job-name=flexattn-${name}
#SBATCH --array=${open.join(',')}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=task-%a.log

index="$SLURM_ARRAY_TASK_ID"
exit_file=${quoted({ before: `${folder}/task-`, after: '.exit' })}
task=(
${words.map((word) => `  ${quoted(word)}`).join('\n')}
)
rm -f -- "$exit_file"
cd -- ${shellWord(cwd)} || exit
"\${task[@]}"
code=$?
echo "$code" > "$exit_file.new" && mv -- "$exit_file.new" "$exit_file"
exit "$code"
`;
}

function quoted(word: TaskWord): string {
  if (typeof word === 'string') return shellWord(word);
  const part = (text: string) => (text === '' ? '' : shellWord(text));
  return `${part(word.before)}"$index"${part(word.after)}`;
}

/** The same as a line for a shell: the folder is made, and sbatch reads the script from its standard input. */
export function arrayLine(script: ArrayScript, args: readonly string[]): string {
  const folder = shellWord(script.folder);
  const sbatch = ['sbatch', '--parsable', ...args.map(shellWord)].join(' ');
  return `mkdir -p ${folder} && cd ${folder} && ${sbatch} <<'SBATCH'\n${arrayScript(script).trimEnd()}\nSBATCH`;
}
