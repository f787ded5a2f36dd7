import { lstat, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pathExists, runProgram, withLock } from '@flexattn/stage';

/** Where the other revision is checked out, from the root; git ignores it. */
const FOLDER = '.flexattn/compared-revision';
/** The scope of our own packages, each a link into the checkout that it belongs to. */
const OWN = '@flexattn';
/** What npm may read of the environment. */
const NPM_ENVIRONMENT = [
  'npm_config_*',
  'NPM_CONFIG_*',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
];

/** Another revision of the repository at `root`. */
export interface RevisionCheckout {
  root: string;
  /** A branch, tag or commit. */
  ref: string;
  signal: AbortSignal;
}

/**
 * Checks a revision out beside this one, with packages but not built, and takes it away again when `work` has ended,
 * failed or been aborted; what a killed process left is removed at the next call.
 *
 * @throws StageError PROGRAM_FAILED for a ref that git does not know, LOCKED while another process compares, INTERRUPTED
 */
export async function withRevision<T>(
  { root, ref, signal }: RevisionCheckout,
  work: (checkout: string) => Promise<T>,
): Promise<T> {
  const checkout = join(root, FOLDER);
  const git = (args: readonly string[], abort?: AbortSignal) =>
    runProgram('git', args, { cwd: root, signal: abort });
  await mkdir(join(root, '.flexattn'), { recursive: true });
  return withLock(`${checkout}.lock`, async () => {
    const remove = async () => {
      await rm(checkout, { recursive: true, force: true });
      await git(['worktree', 'prune']);
    };
    await remove();
    try {
      await git(['worktree', 'add', '--quiet', '--detach', checkout, ref], signal);
      await addPackages(root, checkout, signal);
      return await work(checkout);
    } finally {
      await remove();
    }
  });
}

/** The same packages where both revisions lock the same ones, else those of its own lock file. */
async function addPackages(root: string, checkout: string, signal: AbortSignal): Promise<void> {
  const [here, there] = await Promise.all([root, checkout].map((folder) => lockFile(folder)));
  if (here === there) return linkPackages(join(root, 'node_modules'), join(checkout, 'node_modules'));
  await runProgram('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: checkout,
    allowEnv: NPM_ENVIRONMENT,
    signal,
  });
}

/** Locked packages, without the versions of our own, which are in the checkout. */
async function lockFile(folder: string): Promise<string> {
  const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, object>;
  };
  const installed = Object.entries(packages).filter(([path]) => path.startsWith('node_modules/'));
  return JSON.stringify(installed.filter(([path]) => !path.startsWith(`node_modules/${OWN}/`)));
}

/** A link to every package; our own are linked as they are here, relative to the checkout that they lie in. */
async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(join(to, OWN), { recursive: true });
  for (const name of await readdir(from)) if (name !== OWN) await symlink(join(from, name), join(to, name));
  if (!(await pathExists(join(from, OWN)))) return;
  for (const name of await readdir(join(from, OWN))) {
    const link = join(from, OWN, name);
    if ((await lstat(link)).isSymbolicLink()) await symlink(await readlink(link), join(to, OWN, name));
  }
}
