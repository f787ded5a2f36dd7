import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import type { DeviceCheck } from '@flexattn/flexattn-runtime';
import { FlexattnError, runProgram, StageError } from '@flexattn/stage';
import { ensurePythonEnvironment, interpreterOf } from '@flexattn/train';
import { byteSize } from './byte-size.js';

/** What the miniature needs at its peak, and what the Python environment takes. */
const MIN_MEMORY_BYTES = 4e9;
const MIN_DISK_BYTES = 10e9;
const PYTHON_REMEDY = 'flexattn python-env   # or name an interpreter with torch in FLEXATTN_PYTHON';

/** What the chain needs of a machine beside its GPUs; looks, and installs nothing. */
export async function machineChecks(workspace: string, python: string | undefined): Promise<DeviceCheck[]> {
  return [
    nodeCheck(process.versions.node),
    await programCheck('npm', ['--version'], 'install Node.js with npm'),
    await pythonCheck(workspace, python),
    await diskCheck(workspace),
    sizeCheck('memory', freemem(), MIN_MEMORY_BYTES, `of ${byteSize(totalmem())}`, 'end other programs'),
    await programCheck(
      'git',
      ['--version'],
      'sudo apt-get install git   # for nx affected and flexattn diff',
    ),
    await browserCheck(),
    await programCheck(
      'sbatch',
      ['--version'],
      'only for "launcher": "slurm": sudo apt-get install slurm-client',
    ),
  ];
}

/** The versions that the packages ask for. */
export function nodeCheck(version: string): DeviceCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { name: 'Node.js', ok, found: version, remedy: ok ? [] : ['install Node.js 20.19 or later'] };
}

/** Free bytes of something against what is needed. */
export function sizeCheck(
  name: string,
  free: number,
  needed: number,
  more: string,
  remedy: string,
): DeviceCheck {
  const ok = free >= needed;
  const found = `${byteSize(free)} free ${more}`.trim();
  return { name, ok, found, remedy: ok ? [] : [`expected ${byteSize(needed)}: ${remedy}`] };
}

async function diskCheck(workspace: string): Promise<DeviceCheck> {
  const { bavail, bsize } = await statfs(workspace);
  return sizeCheck('disk', bavail * bsize, MIN_DISK_BYTES, 'for artifacts', 'flexattn gc --delete');
}

async function pythonCheck(workspace: string, python: string | undefined): Promise<DeviceCheck> {
  const dir = join(workspace, '.flexattn', 'python');
  const name = 'Python and torch';
  if (python === undefined && !existsSync(dir)) {
    return { name, ok: false, found: 'no environment yet', remedy: [PYTHON_REMEDY] };
  }
  try {
    const { versions } = await ensurePythonEnvironment({
      dir,
      python: python ?? interpreterOf(dir),
      quiet: true,
    });
    const found = Object.entries(versions).map(([part, version]) => `${part} ${version}`);
    return { name, ok: true, found: found.join(', '), remedy: [] };
  } catch (error) {
    if (!(error instanceof FlexattnError)) throw error;
    return { name, ok: false, found: error.message, remedy: [PYTHON_REMEDY] };
  }
}

async function browserCheck(): Promise<DeviceCheck> {
  for (const program of ['google-chrome', 'chromium', 'firefox', 'xdg-open', 'open']) {
    const found = await firstLine(program, ['--version']);
    if (found !== undefined) return { name: 'browser', ok: true, found, remedy: [] };
  }
  return {
    name: 'browser',
    ok: false,
    found: 'none in the PATH',
    remedy: ['copy runs/NAME/report/index.html to a machine that has one: the file needs no other'],
  };
}

async function programCheck(name: string, args: readonly string[], remedy: string): Promise<DeviceCheck> {
  const found = await firstLine(name, args);
  return found === undefined
    ? { name, ok: false, found: 'not in the PATH', remedy: [remedy] }
    : { name, ok: true, found, remedy: [] };
}

/** The first line that a program prints; undefined where it cannot be run. */
async function firstLine(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdoutTail, stderrTail } = await runProgram(program, args);
    return stdoutTail[0] ?? stderrTail[0] ?? 'there';
  } catch (error) {
    if (error instanceof StageError && ['PROGRAM_MISSING', 'PROGRAM_FAILED'].includes(error.code))
      return undefined;
    throw error;
  }
}
