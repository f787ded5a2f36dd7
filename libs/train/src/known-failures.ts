/** A failure that has a name, and what the reader can do about it. */
export interface KnownFailure {
  what: string;
  hint: string;
}

/** By the texts that PyTorch, NCCL, Python, safetensors and Slurm write; the first that fits counts. */
const KNOWN: readonly (KnownFailure & { text: RegExp })[] = [
  {
    text: /CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED|HIP out of memory/,
    what: 'a GPU ran out of memory',
    hint: 'lower microBatchSize, set activationCheckpointing, spread the model with "sharding": "full", or train less of it (lora, train)',
  },
  {
    text: /No space left on device|os error 28|Disk quota exceeded|os error 122/,
    what: 'a disk is full',
    hint: 'free some space where the checkpoint and the states are written, or lower keepStates, and run again',
  },
  {
    text: /Watchdog caught collective operation timeout|Timed out waiting \d+ ?ms for (recv|send) operation|Timed out after \d+ seconds waiting for clients/,
    what: 'the processes waited for one of them in vain',
    hint: 'see whether another process failed first; between machines, see that they reach each other (NCCL_SOCKET_IFNAME, GLOO_SOCKET_IFNAME name the network, NCCL_DEBUG=INFO tells more)',
  },
  {
    text: /EADDRINUSE|[Aa]ddress already in use/,
    what: 'the port where the processes meet is taken',
    hint: 'end the program that holds it (a training that still runs?), or choose another port in rendezvous.endpoint',
  },
  {
    text: /No module named|ModuleNotFoundError/,
    what: 'a Python module is missing',
    hint: 'install it into the interpreter that trains, or leave train.python and FLEXATTN_PYTHON out and let "flexattn python-env" make one',
  },
  {
    text: /DefaultCPUAllocator: can't allocate memory|MemoryError|[Oo]om[-_ ]?kill|Out Of Memory/,
    what: 'the machine ran out of memory',
    hint: 'lower featureCacheMegabytes, microBatchSize or processes, or spread the model with "sharding": "full"',
  },
  {
    text: /^killed by (SIGKILL|signal 9)$/,
    what: 'the system killed it, most likely for want of memory',
    hint: 'see what the system says ("dmesg"); lower featureCacheMegabytes, microBatchSize or processes, or spread the model with "sharding": "full"',
  },
];

/** The failure that the last lines of a process, and how it ended, tell of; undefined where they tell of none that is known. */
export function knownFailure(lines: readonly string[]): KnownFailure | undefined {
  return KNOWN.find(({ text }) => lines.some((line) => text.test(line)));
}
