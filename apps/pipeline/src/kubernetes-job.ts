/** What an indexed job of Kubernetes runs. */
export interface KubernetesJobOptions {
  /** Of the job; letters, digits and dashes. */
  name: string;
  /** Parts of the work, one pod each. */
  tasks: number;
  /** Pods at a time; default: all. */
  parallel?: number | undefined;
  /** A container image with the `flexattn` command. */
  image: string;
  /** A persistent volume claim, mounted at `mount`. */
  claim: string;
  mount: string;
  /** GPUs of each pod. */
  gpus?: number | undefined;
  /** What follows `flexattn`; `$(JOB_COMPLETION_INDEX)` is the part's number. */
  args: readonly string[];
}

/**
 * An Indexed Job: every pod takes its part from `JOB_COMPLETION_INDEX` and `JOB_COMPLETIONS`, as `--shard` would name
 * it, and is started again where it fails. Source: the API's `batch/v1` Job, completionMode Indexed.
 */
export function kubernetesJob(options: KubernetesJobOptions): object {
  const { name, tasks, parallel = tasks, image, claim, mount, gpus = 0, args } = options;
  const container = {
    name: 'flexattn',
    image,
    command: ['flexattn'],
    args: [...args],
    env: [{ name: 'JOB_COMPLETIONS', value: String(tasks) }],
    volumeMounts: [{ name: 'data', mountPath: mount }],
    ...(gpus > 0 && { resources: { limits: { 'nvidia.com/gpu': gpus } } }),
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      completionMode: 'Indexed',
      completions: tasks,
      parallelism: Math.min(parallel, tasks),
      backoffLimitPerIndex: 3,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [container],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  };
}
