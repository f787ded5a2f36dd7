import type { ProviderFinding, UsableDevices } from './device.js';

/** One thing that a device needs. */
export interface DeviceCheck {
  name: string;
  ok: boolean;
  /** What was found, or why it does not do. */
  found: string;
  /** Commands, or words, that add what is missing; empty where nothing is. */
  remedy: string[];
}

/** What was found of this machine: libraries by name with their place, undefined where the loader finds none. */
export interface DeviceFacts extends UsableDevices {
  platform: NodeJS.Platform;
  /** Lines of nvidia-smi, name and driver version; empty where it does not answer. */
  gpus: readonly string[];
  libraries: ReadonlyMap<string, string | undefined>;
  /** Folder of ONNX Runtime's binding, and its version. */
  binding: string;
  version: string;
  /** Of `PROVIDER_FILES`, those that lie there. */
  providerFiles: readonly string[];
}

/** What ONNX Runtime 1.30's CUDA provider is linked with. */
const CUDA_LIBRARIES = [
  'libcudart.so.13',
  'libcublas.so.13',
  'libcublasLt.so.13',
  'libcufft.so.12',
  'libcurand.so.10',
];
const CUDNN = 'libcudnn.so.9';
const VULKAN = 'libvulkan.so.1';

/** Every library that a check asks for. */
export const DEVICE_LIBRARIES: readonly string[] = [...CUDA_LIBRARIES, CUDNN, VULKAN];

/** What the npm package does not bring along. */
export const PROVIDER_FILES: readonly string[] = [
  'libonnxruntime_providers_shared.so',
  'libonnxruntime_providers_cuda.so',
];

/** What CUDA and WebGPU need on this machine, each with what adds it. */
export function deviceChecks(facts: DeviceFacts): DeviceCheck[] {
  return [...(facts.platform === 'linux' ? cudaChecks(facts) : []), ...webGpuChecks(facts)];
}

function cudaChecks({ gpus, libraries, binding, version, providerFiles, cuda }: DeviceFacts): DeviceCheck[] {
  const missingFiles = PROVIDER_FILES.filter((name) => !providerFiles.includes(name));
  return [
    check('NVIDIA driver', gpus.length > 0, gpus.join('; ') || 'nvidia-smi does not answer', [
      'sudo apt-get install nvidia-driver-580   # or newer; CUDA 13 needs 580',
    ]),
    libraryCheck('CUDA 13', CUDA_LIBRARIES, libraries, [
      'sudo apt-get install cuda-libraries-13-0   # after adding https://developer.nvidia.com/cuda-downloads',
    ]),
    libraryCheck('cuDNN 9', [CUDNN], libraries, [
      'sudo apt-get install libcudnn9-cuda-13   # from the same source',
    ]),
    check(
      'CUDA provider of ONNX Runtime',
      missingFiles.length === 0,
      missingFiles.length === 0 ? binding : `no ${missingFiles.join(', ')} in ${binding}`,
      [
        `python3 -m pip download --no-deps onnxruntime-gpu==${version}`,
        `unzip -j onnxruntime_gpu-${version}-*.whl 'onnxruntime/capi/libonnxruntime_providers_*.so' -d ${binding}`,
      ],
    ),
    check('CUDA', cuda.runs, cuda.runs ? `runs${halfFloats(cuda)}` : cuda.reason, [
      'add what is missing above; LD_LIBRARY_PATH must name the libraries where ldconfig does not',
    ]),
  ];
}

function webGpuChecks({ platform, libraries, webgpu }: DeviceFacts): DeviceCheck[] {
  const loader = libraryCheck('Vulkan loader', [VULKAN], libraries, ['sudo apt-get install libvulkan1']);
  const adapter = check(
    'WebGPU',
    webgpu.runs && webgpu.hardware,
    webgpu.runs
      ? `${webgpu.hardware ? 'a GPU' : 'a software driver (used when asked for by name)'}${halfFloats(webgpu)}`
      : webgpu.reason,
    platform === 'linux'
      ? ['sudo apt-get install mesa-vulkan-drivers   # AMD and Intel; the NVIDIA driver brings its own']
      : ['install the newest driver of the GPU'],
  );
  return platform === 'linux' ? [loader, adapter] : [adapter];
}

function libraryCheck(
  name: string,
  needed: readonly string[],
  libraries: DeviceFacts['libraries'],
  remedy: string[],
): DeviceCheck {
  const missing = needed.filter((library) => libraries.get(library) === undefined);
  const places = needed.map((library) => libraries.get(library) ?? '').join(', ');
  return check(
    name,
    missing.length === 0,
    missing.length === 0 ? places : `no ${missing.join(', ')}`,
    remedy,
  );
}

function halfFloats({ halfFloats }: ProviderFinding): string {
  return halfFloats ? ', with 16-bit floats' : ', without 16-bit floats';
}

function check(name: string, ok: boolean, found: string, remedy: string[]): DeviceCheck {
  return { name, ok, found, remedy: ok ? [] : remedy };
}
