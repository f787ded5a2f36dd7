import type { ChosenDevice, Device } from '../device.js';
import { RuntimeError } from '../error.js';
import type { GraphSet } from '../graphs/model-graphs.js';
import { gpuMemoryNeeded, hostMemoryNeeded, memoryNeeded, requireMemory } from '../memory.js';
import { ProcessorEngine } from './engine.js';
import type { Engine } from './engine.js';
import { freeGpuMemory } from './gpu-memory.js';
import { LoopEngine } from './loop-engine.js';
import { openModelFolder } from './model-folder.js';
import type { FolderOptions, ModelFolder } from './model-folder.js';
import { hasHalfFloats, resolveDevice } from './probe-devices.js';
import { GraphSessions } from './session.js';
import type { SessionOptions } from './session.js';
import { WebGpuEngine } from './webgpu-engine.js';
import { WebGpuSessions } from './webgpu-session.js';

export interface EngineOptions extends FolderOptions, Omit<SessionOptions, 'device'> {
  /** Default `auto`. */
  device?: Device | undefined;
  /**
   * What the model is run by: default `loop` (a whole answer in one run) on CUDA, `device` on WebGPU, else `steps`. The
   * first two run on the processor too, slowly: to see that they are right before there is a GPU.
   */
  graphs?: GraphSet | undefined;
  /** Bytes of what is kept of pictures for further questions; the newest is kept whatever it takes. */
  cacheBytes?: number | undefined;
}

/** Half of what a model may take beyond weights, keys and values. */
const CACHE_BYTES = 2 ** 29;

/**
 * A model folder and what runs it on the device that was asked for.
 *
 * @throws as `openLocalModel`
 */
export async function openEngine(
  dir: string,
  options: EngineOptions,
): Promise<{ folder: ModelFolder; engine: Engine }> {
  const { cacheBytes = CACHE_BYTES, threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    const hint = 'leave it out for one per core';
    throw new RuntimeError('UNSUPPORTED_CONFIG', `expected at least 1 thread, got ${threads}`, { hint });
  }
  const { device } = await resolveDevice(options.device);
  const graphs = graphsOn(device, options.graphs);
  const lacksBfloat16 = device !== 'cuda';
  const hasFloat16 = device === 'webgpu' && (await hasHalfFloats(device));
  const folder = await openModelFolder(dir, { ...options, graphs, lacksBfloat16, hasFloat16 });
  await requireRoom(folder, device, graphs, cacheBytes, hasFloat16);
  if (device !== 'cuda' && graphs === 'device') {
    const sessions = await WebGpuSessions.open(folder.dir, folder.graphs, folder.geometry, {
      ...options,
      device,
    });
    return { folder, engine: new WebGpuEngine(folder.geometry, sessions, cacheBytes) };
  }
  const sessions = await GraphSessions.open(folder.dir, folder.graphs, { ...options, device });
  const WholeOrSteps = graphs === 'loop' ? LoopEngine : ProcessorEngine;
  return { folder, engine: new WholeOrSteps(folder.geometry, sessions, cacheBytes) };
}

/** What a device runs a model by: CUDA's tensors never leave a run, WebGPU's may be handed on to the next. */
export function graphsOn(device: ChosenDevice, asked: EngineOptions['graphs']): GraphSet {
  if (device === 'webgpu') return 'device';
  if (device === 'cuda') return asked === 'steps' ? 'steps' : 'loop';
  return asked ?? 'steps';
}

/** @throws RuntimeError OUT_OF_MEMORY before anything is loaded */
async function requireRoom(
  folder: ModelFolder,
  device: ChosenDevice,
  graphs: GraphSet,
  cacheBytes: number,
  hasFloat16: boolean,
): Promise<void> {
  const onGpu = device === 'cuda' && graphs === 'loop';
  const needed = onGpu ? hostMemoryNeeded(cacheBytes) : memoryNeeded(folder, graphs, cacheBytes, hasFloat16);
  requireMemory(needed, process.availableMemory());
  const free = onGpu ? await freeGpuMemory(process.env['CUDA_VISIBLE_DEVICES']) : undefined;
  if (free !== undefined) requireMemory(gpuMemoryNeeded(folder), free, ' of the GPU');
}
