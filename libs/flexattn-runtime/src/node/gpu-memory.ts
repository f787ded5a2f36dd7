import { FlexattnError, runProgram } from '@flexattn/stage';

/** nvidia-smi counts in these. */
const MEBIBYTE = 2 ** 20;

/**
 * Free bytes of the GPU that CUDA takes first, by the driver's nvidia-smi; undefined where there is no such program, or
 * it fails: then there is no driver either, and opening a session says so.
 *
 * @param visible - CUDA_VISIBLE_DEVICES: numbers or ids, separated by commas
 */
export async function freeGpuMemory(visible: string | undefined): Promise<number | undefined> {
  const [first = ''] = (visible ?? '').split(',');
  const query = [
    '--query-gpu=memory.free',
    '--format=csv,noheader,nounits',
    '-i',
    first === '' ? '0' : first,
  ];
  try {
    const { stdoutTail } = await runProgram('nvidia-smi', query);
    const free = Number(stdoutTail[0]?.trim());
    return Number.isInteger(free) && free > 0 ? free * MEBIBYTE : undefined;
  } catch (error) {
    if (error instanceof FlexattnError) return undefined;
    throw error;
  }
}
