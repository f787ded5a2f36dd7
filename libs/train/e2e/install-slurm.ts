import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'srun', 'scontrol', 'scancel', 'sinfo'];
const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/sbin', '/bin'];
const PACKAGES = ['slurm-wlm', 'munge'];

/** Debian's packages, where they are missing and we may install them; says what is missing otherwise. */
export default function installSlurm(): void {
  const isRoot = process.getuid?.() === 0;
  if (missing().length > 0 && isRoot && apt(['--version'])) {
    process.stderr.write(`installing ${PACKAGES.join(' and ')}\n`);
    // An image without package lists needs them first; with them, the update may be left out.
    if (!apt(['install', ...PACKAGES])) apt(['update']) && apt(['install', ...PACKAGES], 'inherit');
  }
  const still = missing();
  if (still.length > 0) {
    throw new Error(
      `the tests of the Slurm launcher need ${still.join(', ')}: install ${PACKAGES.join(' and ')} (${
        isRoot ? 'apt-get could not; is there a network?' : 'this needs root: apt-get install slurm-wlm munge'
      })`,
    );
  }
  if (!isRoot) throw new Error('the tests of the Slurm launcher start its daemons, which needs root');
}

function missing(): string[] {
  return PROGRAMS.filter((name) => !FOLDERS.some((folder) => existsSync(`${folder}/${name}`)));
}

function apt(args: readonly string[], stdio: 'ignore' | 'inherit' = 'ignore'): boolean {
  const { status } = spawnSync('apt-get', ['-y', '--no-install-recommends', ...args], {
    stdio: ['ignore', stdio, stdio],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}
