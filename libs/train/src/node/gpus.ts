import { runProgram, StageError } from '@flexattn/stage';

/** A GPU that the trainer's processes would see. */
export interface Gpu {
  name: string;
  /** Bytes. */
  memory: number;
}

const QUERY = ['--query-gpu=index,uuid,memory.total,name', '--format=csv,noheader,nounits'];
const MIB = 2 ** 20;

/**
 * The GPUs of this machine as `nvidia-smi` lists them, those that CUDA_VISIBLE_DEVICES hides left out; `why` where it
 * cannot be told.
 *
 * @throws StageError INTERRUPTED
 */
export async function visibleGpus(signal?: AbortSignal): Promise<Gpu[] | { why: string }> {
  try {
    const { stdoutTail } = await runProgram('nvidia-smi', QUERY, { allowEnv: ['NVIDIA_*'], signal });
    const found = stdoutTail.flatMap((line) => parseGpu(line) ?? []);
    return choose(found, process.env['CUDA_VISIBLE_DEVICES']);
  } catch (error) {
    if (!(error instanceof StageError) || error.code === 'INTERRUPTED') throw error;
    return { why: error.code === 'PROGRAM_MISSING' ? 'there is no nvidia-smi here' : error.message };
  }
}

interface ListedGpu extends Gpu {
  index: string;
  uuid: string;
}

/** `0, GPU-8f..., 81559, NVIDIA H100 80GB HBM3`. */
function parseGpu(line: string): ListedGpu | undefined {
  const [, index, uuid, mebibytes, name] = /^(\d+), ([^,]+), (\d+), (.+)$/.exec(line.trim()) ?? [];
  if (index === undefined || uuid === undefined || name === undefined) return undefined;
  return { index, uuid, name, memory: Number(mebibytes) * MIB };
}

/** As CUDA reads the variable: numbers or beginnings of ids in order, and nothing behind the first that fits none. */
function choose(found: readonly ListedGpu[], visible: string | undefined): Gpu[] {
  const plain = ({ name, memory }: ListedGpu): Gpu => ({ name, memory });
  if (visible === undefined) return found.map(plain);
  const chosen: Gpu[] = [];
  for (const asked of visible.split(',').map((part) => part.trim())) {
    const gpu = found.find(({ index, uuid }) => asked === index || (asked !== '' && uuid.startsWith(asked)));
    if (gpu === undefined) break;
    chosen.push(plain(gpu));
  }
  return chosen;
}
