import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why the tests cannot run here, where nobody could help it; null where they can. */
    whyNotSlurm: string | null;
  }
}

const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'srun', 'scontrol', 'scancel', 'sinfo'];
const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/sbin', '/bin'];
const PACKAGES = ['slurm-wlm', 'munge'];

/** Installs Debian's packages where they are missing. Root without them is a failure; others are told what to do. */
export default function installSlurm(project: TestProject): void {
  const isRoot = process.getuid?.() === 0;
  if (isRoot && missing().length > 0) install();
  const still = missing().join(', ');
  const command = `apt-get install ${PACKAGES.join(' ')}`;
  if (isRoot && still !== '')
    throw new Error(`${still} missing, and "${command}" did not help: is there a network?`);
  const what = still === '' ? 'starting its daemons needs root' : `${still} missing: ${command}, as root`;
  const why = isRoot ? null : `The Slurm launcher is not tested here: ${what}.`;
  if (why !== null) process.stderr.write(`${why}\n`);
  project.provide('whyNotSlurm', why);
}

function missing(): string[] {
  return PROGRAMS.filter((name) => !FOLDERS.some((folder) => existsSync(`${folder}/${name}`)));
}

/** An image may come without package lists, or with old ones. */
function install(): void {
  process.stderr.write(`installing ${PACKAGES.join(' and ')}\n`);
  if (aptGet('install', ...PACKAGES)) return;
  aptGet('update');
  aptGet('install', ...PACKAGES);
}

function aptGet(...args: string[]): boolean {
  const { status, stderr } = spawnSync('apt-get', ['-qq', '-y', '--no-install-recommends', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) process.stderr.write(stderr);
  return status === 0;
}
