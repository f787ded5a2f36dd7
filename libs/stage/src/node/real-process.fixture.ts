import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SOURCES = fileURLToPath(new URL('..', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

/** What a script did. */
interface ScriptEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Script {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the script has written `text` to its standard output. */
  said(text: string): Promise<void>;
  ended: Promise<ScriptEnd>;
}

/** This lib as plain JavaScript in a folder of its own, so that real Node processes can run it. */
export class CompiledLib {
  private readonly children: ChildProcess[] = [];

  private constructor(readonly folder: string) {}

  static async make(): Promise<CompiledLib> {
    const folder = await mkdtemp(join(tmpdir(), 'flexattn-stage-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await symlink(NODE_MODULES, join(folder, 'node_modules'));
    const names = await readdir(SOURCES, { recursive: true });
    for (const name of names.filter((file) => /(?<!\.spec|\.fixture)\.ts$/.test(file))) {
      const { outputText } = ts.transpileModule(await readFile(join(SOURCES, name), 'utf8'), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
      });
      const target = join(folder, 'src', name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, outputText);
    }
    return new CompiledLib(folder);
  }

  /** Runs ES module text in a new Node process; it imports this lib as `./src/index.js`. */
  async start(text: string, ...args: string[]): Promise<Script> {
    const file = join(await mkdtemp(join(this.folder, 'script-')), 'script.mjs');
    await writeFile(file, text.replaceAll("'./src/", "'../src/"));
    const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.push(child);
    await once(child, 'spawn');
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    const ended = once(child, 'close').then(() => {
      return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
    });
    return {
      pid: child.pid ?? 0,
      kill: (signal) => void child.kill(signal),
      ended,
      said: (expected) =>
        new Promise((resolve, reject) => {
          const check = () => {
            if (stdout.includes(expected)) resolve();
          };
          check();
          child.stdout.on('data', check);
          void ended.then((end) => reject(new Error(`ended without "${expected}": ${JSON.stringify(end)}`)));
        }),
    };
  }

  /** Also kills what still runs: a test that failed leaves nothing behind. */
  async remove(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}
