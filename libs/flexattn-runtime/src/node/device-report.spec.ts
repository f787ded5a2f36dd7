import { afterEach, describe, expect, it, vi } from 'vitest';
import { deviceReport } from './device-report.js';
import { SwiftShader } from './swiftshader.fixture.js';

afterEach(() => vi.unstubAllEnvs());

describe('deviceReport', () => {
  it('finds a driver that LD_LIBRARY_PATH names, and that it is software', async () => {
    const driver = await SwiftShader.unpack();
    try {
      for (const [name, value] of Object.entries(driver.env)) vi.stubEnv(name, value);
      const checks = await deviceReport();
      const byName = new Map(checks.map((check) => [check.name, check]));
      expect(byName.get('Vulkan loader')).toMatchObject({
        ok: true,
        found: `${driver.folder}/libvulkan.so.1`,
        remedy: [],
      });
      expect(byName.get('WebGPU')).toMatchObject({
        ok: false,
        found: expect.stringMatching(/^a software driver/) as string,
      });
      expect(byName.get('CUDA provider of ONNX Runtime')?.found).toContain('onnxruntime-node/bin/napi-v6');
      for (const { ok, found, remedy } of checks) {
        expect(found).not.toBe('');
        expect(remedy.length > 0).toBe(!ok);
      }
    } finally {
      await driver.remove();
    }
  });
});
