import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  createProgress,
  readJsonAs,
  runProgram,
  sha256File,
  StageError,
  withLock,
  writeFileAtomic,
  tellLine,
} from '@flexattn/stage';
import { TrainError } from '../errors.js';
import { checkPython, checkVersions } from '../python-versions.js';
import type { PythonVersions } from '../python-versions.js';
import { versionsOf } from './interpreter.js';
import { packageFolder, PYTHON_ENV } from './package-folder.js';

export interface PythonEnvironmentOptions {
  /** Where the virtual environment is, or will be. */
  dir: string;
  /** An existing interpreter to use instead: its versions are checked and nothing is made. */
  python?: string | undefined;
  /** What a new environment is made with; default: `python3` of the PATH. */
  base?: string | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
}

/** An interpreter that can train. */
export interface PythonEnvironment {
  python: string;
  versions: PythonVersions;
}

const markerSchema = z.strictObject({ lock: z.string(), python: z.string() });
type Marker = z.output<typeof markerSchema>;
const MARKER = 'flexattn-environment.json';
const LOCK_FILE = join(packageFolder, 'requirements.lock');

/**
 * The interpreter to train with: the one that is named, or that of the virtual environment `dir`, which is made the
 * first time from the hash-locked requirements and again when these change or it was left half-made.
 *
 * @throws TrainError PYTHON_MISSING, PYTHON_TOO_OLD, TORCH_TOO_OLD, PACKAGES_MISSING, ENVIRONMENT_FAILED; StageError LOCKED while
 *   another process makes the same environment, INTERRUPTED
 */
export async function ensurePythonEnvironment(options: PythonEnvironmentOptions): Promise<PythonEnvironment> {
  const { dir, signal } = options;
  if (options.python !== undefined) {
    const versions = checkVersions(await versionsOf(options.python, signal), options.python);
    return { python: options.python, versions };
  }
  const present = await intactEnvironment(dir, signal);
  if (present !== undefined) return present;
  return withLock(
    `${dir}.lock`,
    async () => (await intactEnvironment(dir, signal)) ?? (await makeEnvironment(options)),
  );
}

/** The interpreter of the virtual environment `dir`, which need not be there yet. */
export function interpreterOf(dir: string): string {
  return process.platform === 'win32' ? join(dir, 'Scripts', 'python.exe') : join(dir, 'bin', 'python');
}

/** The environment, if its marker (written last) is there and names these requirements and this Python. */
async function intactEnvironment(dir: string, signal?: AbortSignal): Promise<PythonEnvironment | undefined> {
  const marker = await readMarker(join(dir, MARKER));
  if (marker?.lock !== (await sha256File(LOCK_FILE))) return undefined;
  const python = interpreterOf(dir);
  try {
    const found = await versionsOf(python, signal);
    return found.python === marker.python ? { python, versions: checkVersions(found, python) } : undefined;
  } catch (error) {
    if (error instanceof TrainError) return undefined; // its base Python is gone, or a package
    throw error;
  }
}

async function readMarker(file: string): Promise<Marker | undefined> {
  try {
    return await readJsonAs(file, markerSchema);
  } catch (error) {
    if (error instanceof StageError && ['FILE_MISSING', 'BAD_JSON', 'BAD_CONTENT'].includes(error.code))
      return undefined;
    throw error;
  }
}

async function makeEnvironment(options: PythonEnvironmentOptions): Promise<PythonEnvironment> {
  const { dir, base = process.platform === 'win32' ? 'python' : 'python3', signal, quiet = false } = options;
  checkPython(await versionsOf(base, signal), base);
  if (!quiet)
    tellLine(`python-env: making ${dir}, once: torch and its libraries, about 90 s and 5 GB on Linux x64`);
  await rm(dir, { recursive: true, force: true });
  try {
    await runProgram(base, ['-m', 'venv', dir], { signal });
    const python = interpreterOf(dir);
    await install(python, signal, quiet);
    const versions = checkVersions(await versionsOf(python, signal), python);
    const marker: Marker = { lock: await sha256File(LOCK_FILE), python: versions.python };
    await writeFileAtomic(join(dir, MARKER), `${JSON.stringify(marker)}\n`);
    return { python, versions };
  } catch (cause) {
    await rm(dir, { recursive: true, force: true });
    throw environmentError(cause, dir);
  }
}

/** Installs what is locked, by hash; pip's "Collecting", "Downloading", "Installing" drive the progress. */
async function install(python: string, signal: AbortSignal | undefined, quiet: boolean): Promise<void> {
  const progress = createProgress({ label: 'python-env', unit: 'packages', quiet });
  const pip = ['-m', 'pip', 'install', '--require-hashes', '--disable-pip-version-check', '--no-input'];
  await runProgram(python, [...pip, '--progress-bar', 'off', '-r', LOCK_FILE], {
    allowEnv: PYTHON_ENV,
    signal,
    onLine: (line) => {
      const step = /^\s*(Collecting|Downloading|Using cached|Installing)\s/.exec(line);
      if (step !== null)
        progress.advance(step[1] === 'Collecting' ? 1 : 0, line.trim().replace(/ \(from .*/, ''));
    },
  });
  progress.finish();
}

function environmentError(cause: unknown, dir: string): unknown {
  if (!(cause instanceof StageError) || cause.code !== 'PROGRAM_FAILED') return cause;
  return new TrainError('ENVIRONMENT_FAILED', `could not make the Python environment: ${cause.message}`, {
    file: dir,
    hint: 'check the network, the free space (5 GB) and that the venv module is there (Debian, Ubuntu: apt-get install python3-venv), or name an interpreter in FLEXATTN_PYTHON',
    exitCode: 74,
    cause,
  });
}
