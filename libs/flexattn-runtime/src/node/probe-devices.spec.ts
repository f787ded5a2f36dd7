import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SwiftShader } from './swiftshader.fixture.js';

let driver: SwiftShader;
beforeAll(async () => {
  driver = await SwiftShader.unpack();
});
afterAll(() => driver.remove());
beforeEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules(); // What was found is remembered by the module.
});

describe('probeProvider', () => {
  it('finds WebGPU on a software driver, and tells that it is none of hardware', async () => {
    for (const [name, value] of Object.entries(driver.env)) vi.stubEnv(name, value);
    const { hasHalfFloats, probeProvider } = await import('./probe-devices.js');
    expect(await probeProvider('webgpu')).toEqual({
      runs: true,
      hardware: false,
      halfFloats: false,
      reason: '',
    });
    expect(await hasHalfFloats('webgpu')).toBe(false);
  });

  it('tells why there is none without a driver', async () => {
    vi.stubEnv('VK_DRIVER_FILES', '/nowhere.json');
    vi.stubEnv('VK_ICD_FILENAMES', '/nowhere.json');
    const { probeProvider } = await import('./probe-devices.js');
    const { runs, reason } = await probeProvider('webgpu');
    expect([runs, reason]).toEqual([false, expect.stringMatching(/adapter/)]);
  });
});

describe('usableDevices', () => {
  it('says of both providers that they run, or why they do not; and auto takes one that runs, or the processor', async () => {
    const { deviceLine, resolveDevice, usableDevices } = await import('./probe-devices.js');
    const devices = await usableDevices();
    for (const { runs, reason } of Object.values(devices)) expect(reason === '').toBe(runs);
    const { device, reason } = await resolveDevice();
    expect(device === 'cpu' || devices[device].runs).toBe(true);
    expect(await deviceLine('auto')).toBe(`device: ${device} (${reason})`);
    expect(await deviceLine('webgpu')).toBe('device: webgpu (as asked for)');
  });
});
