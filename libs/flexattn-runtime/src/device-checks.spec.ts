import { describe, expect, it } from 'vitest';
import type { ProviderFinding } from './device.js';
import { DEVICE_LIBRARIES, deviceChecks, PROVIDER_FILES } from './device-checks.js';
import type { DeviceFacts } from './device-checks.js';

const works: ProviderFinding = { runs: true, hardware: true, halfFloats: true, reason: '' };
const whole: DeviceFacts = {
  platform: 'linux',
  gpus: ['NVIDIA H100, 580.65'],
  libraries: new Map(DEVICE_LIBRARIES.map((name) => [name, `/usr/lib/${name}`])),
  binding: '/app/bin',
  version: '1.30.0',
  providerFiles: PROVIDER_FILES,
  cuda: works,
  webgpu: works,
};
const without = (name: string) => new Map([...whole.libraries].filter(([library]) => library !== name));

describe('deviceChecks', () => {
  it('is content with a machine that has all, and names what it found', () => {
    const checks = deviceChecks(whole);
    expect(checks.filter(({ ok, remedy }) => !ok || remedy.length > 0)).toEqual([]);
    expect(checks.map(({ name, found }) => `${name}: ${found}`)).toEqual([
      'NVIDIA driver: NVIDIA H100, 580.65',
      expect.stringMatching(/^CUDA 13: \/usr\/lib\/libcudart\.so\.13, /),
      'cuDNN 9: /usr/lib/libcudnn.so.9',
      'CUDA provider of ONNX Runtime: /app/bin',
      'CUDA: runs, with 16-bit floats',
      'Vulkan loader: /usr/lib/libvulkan.so.1',
      'WebGPU: a GPU, with 16-bit floats',
    ]);
  });

  it.each<[string, Partial<DeviceFacts>, string, RegExp, RegExp]>([
    ['no driver', { gpus: [] }, 'NVIDIA driver', /nvidia-smi/, /nvidia-driver-580/],
    [
      'a CUDA library',
      { libraries: without('libcufft.so.12') },
      'CUDA 13',
      /^no libcufft/,
      /cuda-libraries-13/,
    ],
    ['cuDNN', { libraries: without('libcudnn.so.9') }, 'cuDNN 9', /^no libcudnn/, /libcudnn9-cuda-13/],
    [
      'one provider file',
      { providerFiles: PROVIDER_FILES.slice(0, 1) },
      'CUDA provider of ONNX Runtime',
      /^no libonnxruntime_providers_cuda\.so in \/app\/bin$/,
      /onnxruntime-gpu==1\.30\.0.*unzip .* -d \/app\/bin/s,
    ],
    [
      'what CUDA says',
      { cuda: { ...works, runs: false, reason: 'no GPU' } },
      'CUDA',
      /^no GPU$/,
      /LD_LIBRARY_PATH/,
    ],
    ['the loader', { libraries: without('libvulkan.so.1') }, 'Vulkan loader', /^no libvulkan/, /libvulkan1/],
    [
      'a GPU behind WebGPU',
      { webgpu: { ...works, hardware: false, halfFloats: false } },
      'WebGPU',
      /software driver.*without 16-bit floats/,
      /mesa-vulkan-drivers/,
    ],
  ])('names what is missing and what adds it: %s', (_, change, name, found, remedy) => {
    const failed = deviceChecks({ ...whole, ...change }).filter(({ ok }) => !ok);
    expect(failed.map((check) => check.name)).toEqual([name]);
    expect(failed[0]?.found).toMatch(found);
    expect(failed[0]?.remedy.join('\n')).toMatch(remedy);
  });

  it('asks for no CUDA and no Vulkan where there is none', () => {
    expect(deviceChecks({ ...whole, platform: 'darwin' }).map(({ name }) => name)).toEqual(['WebGPU']);
  });
});
