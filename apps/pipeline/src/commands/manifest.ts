import type { Command } from 'commander';
import { PipelineError } from '../errors.js';
import { positiveInteger } from '../flags.js';

interface KubernetesFlags {
  name: string;
  tasks: number;
  parallel?: number;
  image: string;
  claim: string;
  mount: string;
  gpus?: number;
  json?: boolean;
}

/** Whose work can be cut into parts by rank. */
const BY_RANK: readonly string[] = ['clean', 'infer'];

/** `flexattn manifest k8s`: clean and infer as a job of many pods. */
export function addManifestCommand(program: Command): void {
  program
    .command('manifest')
    .description('print what a cluster needs to run a command in parts')
    .command('k8s')
    .description('an Indexed Job of Kubernetes: every pod does its part of clean or infer')
    .argument('<args...>', 'after "--": the flexattn command; $(JOB_COMPLETION_INDEX) is the part')
    .requiredOption('--tasks <n>', 'parts, a pod each', positiveInteger)
    .requiredOption('--image <name>', 'a container image with the flexattn command')
    .requiredOption('--claim <name>', 'the persistent volume claim that holds the data')
    .option('--mount <dir>', 'where it is mounted', '/data')
    .option('--name <name>', 'of the job', 'flexattn')
    .option('--parallel <n>', 'pods at a time', positiveInteger)
    .option('--gpus <n>', 'GPUs of each pod', positiveInteger)
    .option('--json', 'JSON instead of YAML')
    .addHelpText(
      'after',
      `
Example:
  flexattn manifest k8s --tasks 8 --image flexattn:0.1.0 --claim data -- \\
    clean --annotations /data/mix.json --images /data/images --out '/data/part-$(JOB_COMPLETION_INDEX)' | kubectl apply -f -
  flexattn clean --merge /data/part-* --out /data/clean
`,
    )
    .action(async (args: string[], { json = false, ...flags }: KubernetesFlags) => {
      refuseWrong(args, flags.name);
      const { kubernetesJob } = await import('../kubernetes-job.js');
      const { stringify } = await import('yaml');
      const job = kubernetesJob({ ...flags, args });
      process.stdout.write(json ? `${JSON.stringify(job, null, 2)}\n` : stringify(job));
    });
}

function refuseWrong([command = '', ...rest]: readonly string[], name: string): void {
  const refuse = (what: string, hint: string) =>
    new PipelineError('BAD_ARGUMENT', what, { item: command, hint });
  if (!BY_RANK.includes(command))
    throw refuse(`expected a command that works by rank (${BY_RANK.join(', ')})`, 'name it after "--"');
  if (!rest.some((word) => word.includes('$(JOB_COMPLETION_INDEX)')))
    throw refuse('all parts would write the same place', "use '$(JOB_COMPLETION_INDEX)' in --out");
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    throw refuse(`"${name}" is no name of a job`, 'use small letters, digits and dashes');
}
