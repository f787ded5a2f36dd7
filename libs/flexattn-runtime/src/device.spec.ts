import { describe, expect, it } from 'vitest';
import { chooseDevice, providerReason } from './device.js';
import type { Device, ProviderFinding } from './device.js';

const works: ProviderFinding = { runs: true, hardware: true, halfFloats: true, reason: '' };
const software: ProviderFinding = { ...works, hardware: false };
const fails: ProviderFinding = { ...works, runs: false, hardware: false, reason: 'no driver' };

describe('chooseDevice', () => {
  it.each([
    ['auto', works, works, 'cuda', /^auto: CUDA can be used$/],
    ['auto', fails, works, 'webgpu', /^auto: WebGPU can be used; no CUDA: no driver$/],
    ['auto', fails, software, 'cpu', /^auto: no CUDA: no driver; WebGPU has a software driver alone/],
    ['auto', fails, fails, 'cpu', /^auto: no CUDA: no driver; no WebGPU: no driver$/],
    ['cpu', works, works, 'cpu', /^as asked for$/],
    ['webgpu', works, software, 'webgpu', /^as asked for$/],
    ['cuda', fails, works, 'cuda', /^as asked for$/],
  ] as const)('%s', (asked, cuda, webgpu, device, reason) => {
    const choice = chooseDevice(asked, { cuda, webgpu });
    expect(choice.device).toBe(device);
    expect(choice.reason).toMatch(reason);
  });
});

it('refuses a device that is none', () => {
  const typo = 'gpu' as Device;
  expect(() => chooseDevice(typo, { cuda: works, webgpu: works })).toThrow(/got "gpu".*DEVICE_ABSENT/);
});

describe('providerReason', () => {
  it.each([
    [
      '/src/webgpu_context.cc:136 void f()::<lambda()> result.status == Success was false. Failed to get a WebGPU adapter: No supported adapters\n',
      'Failed to get a WebGPU adapter: No supported adapters',
    ],
    ['Failed to load shared library', 'Failed to load shared library'],
    ['', ''],
  ])('of %j is %j', (message, reason) => {
    expect(providerReason(message)).toBe(reason);
  });
});
