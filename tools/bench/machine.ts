import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem, type } from 'node:os';
import { runProgram } from '@flexattn/stage';

/** On what and with what was measured. */
export interface MachineFacts {
  machine: string;
  versions: Record<string, string>;
  /** `YYYY-MM-DD`. */
  date: string;
}

/** What this machine is; the Python is the one of `FLEXATTN_PYTHON`, else `python3`. */
export async function machineFacts(): Promise<MachineFacts> {
  const processors = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const model = processors[0]?.model ?? 'unknown processor';
  return {
    machine: `${model}, ${processors.length} cores, ${memory} GiB of memory, ${type()} ${release()}`,
    versions: { 'Node.js': process.versions.node, ...(await runtimeVersions()), ...(await pythonVersions()) },
    date: new Date().toISOString().slice(0, 10),
  };
}

/** What computes in the runtime; `npm run bench` runs from the root of the workspace. */
async function runtimeVersions(): Promise<Record<string, string>> {
  const { dependencies } = JSON.parse(await readFile('libs/flexattn-runtime/package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.fromEntries(
    Object.entries(dependencies).filter(([name]) => ['onnxruntime-node', 'sharp'].includes(name)),
  );
}

const PYTHON = `
import json, platform
from importlib.metadata import version, PackageNotFoundError
found = {"Python": platform.python_version()}
for name in ("torch", "numpy", "pillow"):
    try: found[name] = version(name)
    except PackageNotFoundError: pass
print(json.dumps(found))
`;

async function pythonVersions(): Promise<Record<string, string>> {
  const { stdoutTail } = await runProgram(process.env['FLEXATTN_PYTHON'] ?? 'python3', ['-c', PYTHON]);
  return JSON.parse(stdoutTail.at(-1) ?? '{}') as Record<string, string>;
}
