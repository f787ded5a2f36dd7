import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { LaunchPlan } from '../../launch-plan.js';

const LIBS = fileURLToPath(new URL('../../../..', import.meta.url));
const NODE_MODULES = join(LIBS, '../node_modules');

/** Starts a plan as `flexattn` does: the first SIGINT aborts, the second ends it. */
const SCRIPT = `
import { localLaunch } from '@flexattn/train/node/launch/local';
const abort = new AbortController();
process.on('SIGINT', () => (abort.signal.aborted ? process.exit(130) : abort.abort()));
const onLine = (line) => console.log(line);
const options = { signal: abort.signal, graceMs: 60_000, onLine, say: onLine };
await localLaunch(JSON.parse(process.argv[2]))(options).catch((error) => {
  console.log(error.message);
  process.exitCode = error.exitCode ?? 70;
});
`;

/** The launcher in a process of its own, which may be killed. */
export class LauncherProcess {
  /** In the environment of all that it starts; names that begin so may pass. */
  readonly mark = `TORCH_TEST_MARK=${randomUUID()}`;
  readonly lines: string[] = [];
  exitCode: number | null = null;

  private constructor(private readonly folder: string) {}

  /** Compiles the launcher into `folder`. */
  static async make(folder: string): Promise<LauncherProcess> {
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, '@flexattn'), { recursive: true });
    for (const name of await readdir(NODE_MODULES))
      if (name !== '@flexattn' && !name.startsWith('.'))
        await symlink(join(NODE_MODULES, name), join(modules, name));
    for (const name of ['stage', 'train']) await compile(name, join(modules, '@flexattn', name));
    await writeFile(join(folder, 'script.mjs'), SCRIPT);
    return new LauncherProcess(folder);
  }

  /** Starts `plan` and sends the signals, each when a line with its text has come; waits for the end. */
  async run(plan: LaunchPlan, signals: readonly [text: string, signal: NodeJS.Signals][]): Promise<void> {
    const [name = '', value = ''] = this.mark.split('=');
    const child = spawn(process.execPath, [join(this.folder, 'script.mjs'), JSON.stringify(plan)], {
      env: { ...process.env, [name]: value },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const left = [...signals];
    for await (const line of createInterface(child.stdout)) {
      this.lines.push(line);
      if (left[0] !== undefined && line.includes(left[0][0])) child.kill(left.shift()?.[1]);
    }
    await ended;
    this.exitCode = child.exitCode;
  }

  /** Processes that it started and that still run; looks until there are none, for at most `ms`. */
  async leftAfter(ms: number): Promise<string[]> {
    for (const end = Date.now() + ms; ; await wait(50)) {
      const found = await this.#running();
      if (found.length === 0 || Date.now() > end) return found;
    }
  }

  async remove(): Promise<void> {
    for (const pid of await this.#running()) process.kill(Number(pid), 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  async #running(): Promise<string[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const marked = await Promise.all(
      pids.map((pid) =>
        readFile(`/proc/${pid}/environ`, 'latin1').then(
          (text) => text.includes(this.mark),
          () => false,
        ),
      ),
    );
    return pids.filter((_, i) => marked[i]);
  }
}

async function compile(name: string, target: string): Promise<void> {
  const sources = join(LIBS, name, 'src');
  for (const file of await readdir(sources, { recursive: true })) {
    if (!/(?<!\.spec|\.fixture)\.ts$/.test(file)) continue;
    const { outputText } = ts.transpileModule(await readFile(join(sources, file), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    const out = join(target, 'src', file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, outputText);
  }
  const exports = { '.': './src/index.js', './*': './src/*.js' };
  await writeFile(join(target, 'package.json'), JSON.stringify({ type: 'module', exports }));
}
