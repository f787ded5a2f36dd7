import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { FlexattnError, parseJson, runProgram } from '@flexattn/stage';
import { z } from 'zod';
import { choiceLine, chooseDevice, providerReason } from '../device.js';
import type { ChosenDevice, Device, DeviceChoice, ProviderFinding, UsableDevices } from '../device.js';
import type { ElementType } from '../onnx/external-data.js';
import { GraphBuilder } from '../onnx/graph.js';
import { NO_TELEMETRY } from './telemetry.js';

/** A driver that does not answer is given up: it is broken, and `auto` must not hang. */
const PROBE_MS = 20_000;
/** What a Vulkan or CUDA driver opens for its GPU on Linux; a software driver opens none of them. */
const GPU_NODES = '^/dev/(dri/|nvidia|dxg|kfd|mali)';

/**
 * Runs a graph that doubles four numbers in 32 and in 16 bits, and prints a JSON line for what it knows by then: a
 * provider may abort the process. Text, as a process needs a file of its own or none. Arguments: the path of
 * onnxruntime-node, the provider, both graphs in base64.
 */
const PROBE = `
const { readdirSync, readlinkSync } = require('node:fs');
const [path, provider, ...graphs] = process.argv.slice(1);
const { InferenceSession, Tensor } = require(path);
const say = (finding) => process.stdout.write(JSON.stringify(finding) + '\\n');
const opens = (name) => {
  try { return new RegExp(${JSON.stringify(GPU_NODES)}).test(readlinkSync('/proc/self/fd/' + name)); }
  catch { return false; } // The descriptor that read the folder is closed by now.
};
const run = async (graph, input) => {
  const options = { executionProviders: [provider], logSeverityLevel: 4 };
  const session = await InferenceSession.create(Buffer.from(graph, 'base64'), options);
  const { y } = await session.run({ x: input });
  if (y.data[3] !== (y.type === 'float32' ? 2 : 0x4000)) throw new Error('got a wrong sum');
};
(async () => {
  await run(graphs[0], new Tensor('float32', new Float32Array(4).fill(1), [4]));
  say({ runs: true, hardware: process.platform !== 'linux' || readdirSync('/proc/self/fd').some(opens) });
  await run(graphs[1], new Tensor('float16', new Uint16Array(4).fill(0x3c00), [4]));
  say({ halfFloats: true });
})().catch((error) => say({ reason: String(error.message) }));
`;

const findingSchema = z
  .strictObject({ runs: z.boolean(), hardware: z.boolean(), halfFloats: z.boolean(), reason: z.string() })
  .partial();

const NOTHING: ProviderFinding = { runs: false, hardware: false, halfFloats: false, reason: '' };

const probed = new Map<string, Promise<ProviderFinding>>();

/** What one provider of ONNX Runtime can do here, tried in a process of its own; remembered in this one. */
export function probeProvider(provider: 'cuda' | 'webgpu'): Promise<ProviderFinding> {
  const known = probed.get(provider) ?? probe(provider);
  probed.set(provider, known);
  return known;
}

/** Both providers; on Linux nothing is started where there is no GPU. */
export async function usableDevices(): Promise<UsableDevices> {
  if (!hasGpuNode()) {
    const none = { ...NOTHING, reason: 'no GPU' };
    return { cuda: none, webgpu: none };
  }
  const [cuda, webgpu] = await Promise.all([probeProvider('cuda'), probeProvider('webgpu')]);
  return { cuda, webgpu };
}

/** The device that computes where `asked` is asked for, and why; only `auto` looks at the machine. */
export async function resolveDevice(asked: Device = 'auto'): Promise<DeviceChoice> {
  return chooseDevice(asked, asked === 'auto' ? await usableDevices() : { cuda: NOTHING, webgpu: NOTHING });
}

/** For the log: which device computes, and why. */
export async function deviceLine(asked?: Device): Promise<string> {
  return choiceLine(await resolveDevice(asked));
}

/** Whether weights and activations can be 16-bit floats on this device. */
export async function hasHalfFloats(device: ChosenDevice): Promise<boolean> {
  return device !== 'cpu' && (await probeProvider(device)).halfFloats;
}

function hasGpuNode(): boolean {
  if (process.platform !== 'linux') return true;
  return readdirSync('/dev').some((name) => new RegExp(GPU_NODES).test(`/dev/${name}/`));
}

async function probe(provider: 'cuda' | 'webgpu'): Promise<ProviderFinding> {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node');
  const args = ['-e', PROBE, '--', path, provider, doubling('FLOAT'), doubling('FLOAT16')];
  const finding = { ...NOTHING };
  const onLine = (line: string, stream: 'stdout' | 'stderr') => {
    // A driver may print lines of its own.
    if (stream === 'stdout' && line.startsWith('{')) {
      Object.assign(finding, findingSchema.parse(parseJson(line, { file: 'what the probe printed' })));
    }
  };
  try {
    const allowEnv = ['VK_*', 'CUDA_*', 'NVIDIA_*', 'XDG_*', 'DISPLAY', 'WAYLAND_DISPLAY'];
    const signal = AbortSignal.timeout(PROBE_MS);
    await runProgram(process.execPath, args, { allowEnv, env: NO_TELEMETRY, onLine, signal });
  } catch (error) {
    if (!(error instanceof FlexattnError)) throw error;
    finding.reason = error.code === 'INTERRUPTED' ? 'the driver did not answer' : error.message;
  }
  return { ...finding, reason: finding.runs ? '' : providerReason(finding.reason) };
}

/** x [4] -> y [4] = x + x. */
function doubling(type: ElementType): string {
  const graph = new GraphBuilder('doubling');
  const x = graph.input('x', type, [4]);
  graph.output('y', graph.node('Add', [x, x]), type, [4]);
  return Buffer.from(graph.toBytes()).toString('base64');
}
