import { RuntimeError } from './error.js';

const DEVICES = ['auto', 'cpu', 'cuda', 'webgpu'] as const;
/** What computes: `auto` is CUDA where it can be used, else a GPU through WebGPU, else the processor. */
export type Device = (typeof DEVICES)[number];
/** A device that graphs are built and run for. */
export type ChosenDevice = Exclude<Device, 'auto'>;

/** How a device is had where ONNX Runtime finds none. */
export const DEVICE_HINTS = {
  cuda: 'install the NVIDIA driver, CUDA 13 and cuDNN 9, and put libonnxruntime_providers_{shared,cuda}.so of this version beside the binding of onnxruntime-node (flexattn doctor says what is missing); or use --device cpu',
  webgpu:
    'install a Vulkan driver and its loader libvulkan.so.1 (or Metal, Direct3D 12; flexattn doctor says what is missing), or use --device cpu',
};

/** What was found of one provider of ONNX Runtime. */
export interface ProviderFinding {
  /** A small graph ran, with the right result. */
  runs: boolean;
  /** It ran on a GPU: a software driver such as SwiftShader or llvmpipe is none. */
  hardware: boolean;
  /** A graph of 16-bit floats ran too. */
  halfFloats: boolean;
  /** Why it does not run, in the provider's words; empty where it does. */
  reason: string;
}

/** What this machine has beside its processor, as far as ONNX Runtime can use it. */
export type UsableDevices = Record<'cuda' | 'webgpu', ProviderFinding>;

/** A device, and why it was taken. */
export interface DeviceChoice {
  device: ChosenDevice;
  reason: string;
}

/**
 * The device that a wish leads to; `auto` never takes a software driver, which is slower than the processor.
 *
 * @throws RuntimeError DEVICE_ABSENT for a name that is none
 */
export function chooseDevice(asked: Device, { cuda, webgpu }: UsableDevices): DeviceChoice {
  if (!DEVICES.includes(asked)) {
    const what = `expected a device of ${DEVICES.join(', ')}, got "${String(asked)}"`;
    throw new RuntimeError('DEVICE_ABSENT', what, { hint: 'choose one of them' });
  }
  if (asked !== 'auto') return { device: asked, reason: 'as asked for' };
  if (cuda.runs) return { device: 'cuda', reason: 'auto: CUDA can be used' };
  const noCuda = `no CUDA: ${cuda.reason}`;
  if (webgpu.runs && webgpu.hardware)
    return { device: 'webgpu', reason: `auto: WebGPU can be used; ${noCuda}` };
  const noWebGpu = webgpu.runs
    ? 'WebGPU has a software driver alone, which auto never takes'
    : `no WebGPU: ${webgpu.reason}`;
  return { device: 'cpu', reason: `auto: ${noCuda}; ${noWebGpu}` };
}

/** For the log: which device computes, and why. */
export function choiceLine({ device, reason }: DeviceChoice): string {
  return `device: ${device} (${reason})`;
}

/** Why a provider cannot be used, in its words: the first line, without the place in ONNX Runtime's sources. */
export function providerReason(message: string): string {
  const [line = ''] = message.trim().split('\n');
  return line.replace(/^\/\S+:\d+ .* was false\. /, '');
}
