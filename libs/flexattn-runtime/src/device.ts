/** What computes: `auto` is the best that can run the graphs, today the processor. */
export type Device = 'auto' | 'cpu' | 'cuda' | 'webgpu';

/** How a device is had where ONNX Runtime finds none. */
export const DEVICE_HINTS = {
  cuda: 'install the NVIDIA driver, CUDA 13 and cuDNN 9, and put libonnxruntime_providers_{shared,cuda}.so of this version beside the binding of onnxruntime-node; or use --device cpu',
  webgpu:
    'install a Vulkan driver and its loader libvulkan.so.1 (or Metal, Direct3D 12), or use --device cpu',
};

/** The device that a wish leads to. */
export function chosenDevice(asked: Device = 'auto'): Exclude<Device, 'auto'> {
  return asked === 'auto' ? 'cpu' : asked;
}

/** For the log: which device computes, and why. */
export function deviceLine(asked: Device = 'auto'): string {
  const device = chosenDevice(asked);
  return asked === 'auto'
    ? `device: ${device} (auto never takes a GPU yet; --device cuda or webgpu tries one, and says what is missing)`
    : `device: ${device} (as asked for)`;
}
