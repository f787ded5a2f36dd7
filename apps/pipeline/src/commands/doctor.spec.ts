import type { DeviceCheck } from '@flexattn/flexattn-runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

afterEach(forgetCommands);

describe('doctor', () => {
  it('prints a line for every check and the commands under those that fail, or all as JSON', async () => {
    const { checks } = JSON.parse((await runCommand('doctor', '--json')).stdout) as { checks: DeviceCheck[] };
    expect(checks.map(({ name }) => name)).toContain('WebGPU');
    forgetCommands();
    const { stdout } = await runCommand('doctor');
    for (const { name, ok, remedy } of checks) {
      expect(stdout).toContain(`${ok ? 'ok     ' : 'missing'} ${name}: `);
      for (const line of remedy) expect(stdout).toContain(`\n          ${line}\n`);
    }
  });
});
