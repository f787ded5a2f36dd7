import { describe, expect, it } from 'vitest';
import { chosenDevice, deviceLine } from './device.js';

describe('chosenDevice', () => {
  it.each([
    [undefined, 'cpu', /^device: cpu \(auto .*--device cuda or webgpu/],
    ['auto', 'cpu', /^device: cpu \(auto .*--device cuda or webgpu/],
    ['cpu', 'cpu', /^device: cpu \(as asked for\)$/],
    ['cuda', 'cuda', /^device: cuda \(as asked for\)$/],
    ['webgpu', 'webgpu', /^device: webgpu \(as asked for\)$/],
  ] as const)('of %s is %s, and the log says why', (asked, device, line) => {
    expect(chosenDevice(asked)).toBe(device);
    expect(deviceLine(asked)).toMatch(line);
  });
});
