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

/** Refuses Python below 3.10: `PYTHON_TOO_OLD`. */
export function checkPython(found: FoundVersions, interpreter: string): void {
  if (atLeast(found.python, MIN_PYTHON)) return;
  throw new TrainError('PYTHON_TOO_OLD', `expected Python ${MIN_PYTHON} or later, got ${found.python}`, {
    file: interpreter,
    hint: 'install a newer Python, or name one in FLEXATTN_PYTHON',
  });
}

/** All versions, or `PACKAGES_MISSING` naming what to install. */
export function checkVersions(found: FoundVersions, interpreter: string): PythonVersions {
  checkPython(found, interpreter);
  const { python, torch, safetensors, numpy, pillow } = found;
  if (
    torch !== null &&
    safetensors !== null &&
    numpy !== null &&
    pillow !== null &&
    atLeast(torch, MIN_TORCH)
  )
    return { python, torch, safetensors, numpy, pillow };
  const packages = { torch, safetensors, numpy, pillow };
  const missing = Object.entries(packages).flatMap(([name, got]) =>
    got === null ? [`${name} is missing`] : [],
  );
  if (torch !== null && !atLeast(torch, MIN_TORCH))
    missing.unshift(`torch is ${torch}, expected ${MIN_TORCH} or later`);
  throw new TrainError('PACKAGES_MISSING', missing.join(', '), {
    file: interpreter,
    hint: `run "${interpreter}" -m pip install "torch>=${MIN_TORCH}" safetensors numpy pillow`,
  });
}

/** Compares major and minor: "2.13.0+cu130" is at least "2.6". */
function atLeast(got: string, least: string): boolean {
  const parts = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [major = 0, minor = 0] = parts(got);
  const [leastMajor = 0, leastMinor = 0] = parts(least);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
