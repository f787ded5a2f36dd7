import { z } from 'zod';
import { TrainError } from './errors.js';

const version = z.string().nullable();

/** What `python/flexattn_train/versions.py` prints; null is a package that is not installed. */
export const foundVersionsSchema = z.object({
  python: z.string(),
  torch: version,
  safetensors: version,
  numpy: version,
  pillow: version,
});

export type FoundVersions = z.output<typeof foundVersionsSchema>;

const completeSchema = z.object({
  python: z.string(),
  torch: z.string(),
  safetensors: z.string(),
  numpy: z.string(),
  pillow: z.string(),
});

/** Versions of an interpreter that can train. */
export interface PythonVersions {
  python: string;
  torch: string;
  safetensors: string;
  numpy: string;
  pillow: string;
}

const MIN_PYTHON = '3.10';
/** The first with `enable_gqa`, a public `rms_norm` and fused AdamW on CPUs all tested. */
const MIN_TORCH = '2.6';

/** Why an interpreter cannot train. */
export interface VersionProblem {
  code: 'PYTHON_TOO_OLD' | 'TORCH_TOO_OLD' | 'PACKAGES_MISSING';
  what: string;
  hint: string;
}

/** Refuses Python below 3.10: `PYTHON_TOO_OLD`. */
export function checkPython(found: FoundVersions, interpreter: string): void {
  const problem = pythonProblem(found);
  if (problem !== undefined) throw refusal(problem, interpreter);
}

/** All versions, or `PYTHON_TOO_OLD`, `TORCH_TOO_OLD`, `PACKAGES_MISSING` naming what to install. */
export function checkVersions(found: FoundVersions, interpreter: string): PythonVersions {
  const problem = versionProblem(found, interpreter);
  if (problem !== undefined) throw refusal(problem, interpreter);
  return completeSchema.parse(found);
}

/** What is wrong with an interpreter, if anything. */
export function versionProblem(found: FoundVersions, interpreter: string): VersionProblem | undefined {
  const problem = pythonProblem(found);
  if (problem !== undefined) return problem;
  const { torch, safetensors, numpy, pillow } = found;
  const missing = Object.entries({ torch, safetensors, numpy, pillow }).flatMap(([name, got]) =>
    got === null ? [`${name} is missing`] : [],
  );
  const isOld = torch !== null && !atLeast(torch, MIN_TORCH);
  if (isOld) missing.unshift(`torch is ${torch}, expected ${MIN_TORCH} or later`);
  if (missing.length === 0) return undefined;
  return {
    code: isOld && missing.length === 1 ? 'TORCH_TOO_OLD' : 'PACKAGES_MISSING',
    what: missing.join(', '),
    hint: `run "${interpreter}" -m pip install "torch>=${MIN_TORCH}" safetensors numpy pillow`,
  };
}

function pythonProblem({ python }: FoundVersions): VersionProblem | undefined {
  if (atLeast(python, MIN_PYTHON)) return undefined;
  return {
    code: 'PYTHON_TOO_OLD',
    what: `expected Python ${MIN_PYTHON} or later, got ${python}`,
    hint: 'install a newer Python, or name one in FLEXATTN_PYTHON',
  };
}

function refusal({ code, what, hint }: VersionProblem, file: string): TrainError {
  return new TrainError(code, what, { file, hint });
}

/** Compares major and minor: "2.13.0+cu130" is at least "2.6". */
function atLeast(got: string, least: string): boolean {
  const parts = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [major = 0, minor = 0] = parts(got);
  const [leastMajor = 0, leastMinor = 0] = parts(least);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
