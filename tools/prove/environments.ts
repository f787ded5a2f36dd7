import { execFileSync } from 'node:child_process';
import { chmod, readdir, rm, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ROOT } from './checkout.js';
import { ALL_STEPS, forgetAllOf } from './prepared-world.js';
import type { Proof, ProofOptions } from './proof.js';
import { endText } from './small-world.js';
import type { SmallWorld, StageOptions } from './small-world.js';
import { inParallel } from './trials.js';
import { differences, worldFiles } from './world-files.js';
import type { WorldFiles } from './world-files.js';

interface Environment {
  name: string;
  /** Of the world's folder. */
  folder?: string;
  options?: StageOptions;
  /** Changes the world before the run; gives back how to undo what would stay in the system. */
  prepare?: (world: SmallWorld) => Promise<() => void>;
  /** The training is run, too; else its result is taken over. */
  trains?: boolean;
}

/** What a run reads that is no code. */
const INPUTS = ['base', 'data', 'textvqa'];

/** A folder's name with everything that a shell or a careless writer trips over. */
const HOSTILE = `a b'c"d\ne\u{1f600};touch PWNED;$(touch PWNED)\`touch PWNED\`&|*`;

/** Before the command, in the process that it starts as; threads may not set the umask. */
const preloaded = (text: string): StageOptions => ({
  nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(`${MAIN_THREAD}${text}`)}`],
});
const MAIN_THREAD = 'import{isMainThread}from"node:worker_threads";if(isMainThread)';

/** Another clock: Date and the times of all inputs are this far away. */
function clockIn(year: number): Environment {
  const shift = Date.UTC(year, 0, 1, 0, 0, 1) - Date.now();
  const clock = `const Real=Date,now=()=>Real.now()+(${shift});globalThis.Date=class extends Real{constructor(...a){super(...(a.length?a:[now()]))}static now(){return now()}}`;
  return {
    name: `the clock in ${year}`,
    options: preloaded(`{${clock}}`),
    prepare: async (world) => {
      await forEachInput(world, (path) => utimes(path, new Date(year, 0, 1), new Date(year, 0, 1)));
      return () => undefined;
    },
  };
}

const ENVIRONMENTS: readonly Environment[] = [
  {
    name: 'a path with spaces, quotes, a newline, an emoji and commands, training included',
    folder: HOSTILE,
    trains: true,
  },
  clockIn(1980),
  clockIn(2040),
  { name: 'LC_ALL=tr_TR.UTF-8', options: { env: { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' } } },
  { name: 'LC_ALL=C', options: { env: { LC_ALL: 'C', LANG: 'C' } } },
  { name: 'TZ=Pacific/Kiritimati', options: { env: { TZ: 'Pacific/Kiritimati' } } },
  { name: 'TZ=America/St_Johns', options: { env: { TZ: 'America/St_Johns' } } },
  { name: 'umask 077', options: preloaded('process.umask(0o077)') },
  { name: 'umask 000', options: preloaded('process.umask(0)') },
  { name: 'read-only inputs', prepare: makeReadOnly },
];

export const environments: Proof = {
  name: 'environments',
  promise: 'the same bytes anywhere',
  test: 'the chain in another clock, locale, time zone and umask, with read-only inputs, and in a hostile path; training is run in the last, and taken over elsewhere',
  count: ENVIRONMENTS.length,
  prove: async (options) => {
    const finished = await options.finished();
    const reference = await worldFiles(finished.folder);
    const tried = ENVIRONMENTS.slice(0, options.count);
    const found = await inParallel(tried, options, (environment, i) =>
      tryEnvironment(options, { environment, finished, reference, folder: join(options.folder, `${i}`) }),
    );
    const failures = [...found.flat(), ...(await pwned(ROOT))];
    return {
      figure: `the same bytes in ${found.filter((problems) => problems.length === 0).length} of ${tried.length}: ${tried.map(({ name }) => name).join('; ')}; no file PWNED. Not tried: a case-insensitive folder, which this system has none of`,
      failures,
    };
  },
};

interface Trial {
  environment: Environment;
  finished: SmallWorld;
  reference: WorldFiles;
  folder: string;
}

async function tryEnvironment(
  { signal }: ProofOptions,
  { environment, finished, reference, folder }: Trial,
): Promise<string[]> {
  const { name, options = {}, prepare, trains = false } = environment;
  const world = await finished.copy(join(folder, environment.folder ?? 'world'));
  await forgetAllOf(
    world,
    ALL_STEPS.filter((step) => trains || step !== 'train'),
  );
  const undo = await prepare?.(world);
  try {
    signal.throwIfAborted();
    const ended = await world.run('all', options);
    const found = await worldFiles(world.folder);
    // The store got all but what was taken over.
    const expected = new Map(
      [...reference].filter(([path]) => trains || !path.startsWith('.flexattn/store/')),
    );
    const stored = (line: string) => !trains && line.startsWith('.flexattn/store/');
    const wrong =
      ended.code === 0 ? differences(found, expected).filter((line) => !stored(line)) : [endText(ended)];
    return [...wrong, ...(await pwned(folder))].map((line) => `${name}: ${line}`);
  } finally {
    undo?.();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Modes for users, a read-only mount for root, whom modes do not stop. */
async function makeReadOnly(world: SmallWorld): Promise<() => void> {
  await forEachInput(world, (path, isFolder) => chmod(path, isFolder ? 0o555 : 0o444));
  const folders = INPUTS.map((name) => join(world.folder, name));
  const mounted = process.getuid?.() === 0 ? folders : [];
  for (const folder of mounted) {
    execFileSync('mount', ['--bind', folder, folder]);
    execFileSync('mount', ['-o', 'remount,ro,bind', folder]);
  }
  return () => {
    for (const folder of mounted) execFileSync('umount', [folder]);
    for (const folder of folders) execFileSync('chmod', ['-R', 'u+w', folder]);
  };
}

async function forEachInput(
  world: SmallWorld,
  change: (path: string, isFolder: boolean) => Promise<void>,
): Promise<void> {
  for (const name of INPUTS) {
    const folder = join(world.folder, name);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
      await change(join(entry.parentPath, entry.name), entry.isDirectory());
    await change(folder, true);
  }
}

/** Files that only a shell can have made, here or in a folder of it. */
async function pwned(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: folder !== ROOT });
  return names.filter((name) => basename(name) === 'PWNED').map((name) => `a shell made ${name}`);
}
