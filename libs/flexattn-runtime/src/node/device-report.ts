import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FlexattnError, parseJson, runProgram } from '@flexattn/stage';
import { z } from 'zod';
import { DEVICE_LIBRARIES, deviceChecks, PROVIDER_FILES } from '../device-checks.js';
import type { DeviceCheck } from '../device-checks.js';
import { probeProvider } from './probe-devices.js';

/** What this machine has and lacks for CUDA and WebGPU, each with the commands that add it; for `flexattn doctor`. */
export async function deviceReport(): Promise<DeviceCheck[]> {
  const { folder, version } = onnxRuntime();
  const binding = join(folder, 'bin/napi-v6', process.platform, process.arch);
  const [cuda, webgpu, gpus, libraries, present] = await Promise.all([
    probeProvider('cuda'),
    probeProvider('webgpu'),
    linesOf('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader']),
    librariesByName(),
    namesIn(binding),
  ]);
  const providerFiles = PROVIDER_FILES.filter((name) => present.includes(name));
  const { platform } = process;
  return deviceChecks({ platform, gpus, libraries, binding, version, providerFiles, cuda, webgpu });
}

/** Where the package lies, and its version. */
function onnxRuntime(): { folder: string; version: string } {
  const file = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const schema = z.object({ version: z.string() });
  return { folder: dirname(file), ...schema.parse(parseJson(readFileSync(file, 'utf8'), { file })) };
}

/** Libraries that the loader finds: in the folders of LD_LIBRARY_PATH, else in its cache. */
async function librariesByName(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of (process.env['LD_LIBRARY_PATH'] ?? '').split(':').filter((name) => name !== '')) {
    for (const name of await namesIn(folder)) if (!found.has(name)) found.set(name, join(folder, name));
  }
  const cached = new Map<string, string>();
  const onLine = (line: string) => {
    const [name = '', place] = line.split('=>').map((part) => part.trim());
    if (place !== undefined) cached.set(name.split(' ')[0] ?? '', place);
  };
  await linesOf('/sbin/ldconfig', ['-p'], onLine);
  const all = DEVICE_LIBRARIES.flatMap((name) => {
    const place = found.get(name) ?? cached.get(name);
    return place === undefined ? [] : [[name, place] as const];
  });
  return new Map(all);
}

/** Names in a folder; none where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  });
}

/** What a program prints, its last 30 lines; nothing where there is none, or it fails. */
async function linesOf(
  program: string,
  args: readonly string[],
  onLine?: (line: string) => void,
): Promise<string[]> {
  try {
    const { stdoutTail } = await runProgram(program, args, { onLine });
    return stdoutTail;
  } catch (error) {
    if (error instanceof FlexattnError) return [];
    throw error;
  }
}
