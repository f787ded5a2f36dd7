import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const LIBS = fileURLToPath(new URL('../../../', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

/** The libs that a script runs. */
const OWN = ['stage', 'data-prep'];

/** What a script did. */
export interface ScriptEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** This lib and stage as plain JavaScript in a folder of their own, so that real Node processes can run them. */
export class CompiledLibs {
  readonly #children: ChildProcess[] = [];

  private constructor(readonly folder: string) {}

  static async make(): Promise<CompiledLibs> {
    const folder = await mkdtemp(join(tmpdir(), 'flexattn-data-prep-'));
    await mkdir(join(folder, 'node_modules'));
    const needed = await Promise.all(OWN.map((lib) => packagesOf(lib)));
    for (const name of new Set(needed.flat()))
      await symlink(join(NODE_MODULES, name), join(folder, 'node_modules', name));
    for (const lib of OWN)
      await compile(join(LIBS, lib, 'src'), join(folder, 'node_modules', '@flexattn', lib));
    return new CompiledLibs(folder);
  }

  /** Runs ES module text in a new Node process with `input` as its standard input. */
  async run(text: string, args: readonly string[], input: string | Uint8Array = ''): Promise<ScriptEnd> {
    const file = join(this.folder, 'script.mjs');
    await writeFile(file, text);
    const child = spawn(process.execPath, [file, ...args], { stdio: 'pipe' });
    this.#children.push(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.stdin.end(input);
    await once(child, 'close');
    return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
  }

  /** Also kills what still runs: a test that failed leaves nothing behind. */
  async remove(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The packages that a lib needs, without ours. */
async function packagesOf(lib: string): Promise<string[]> {
  const text = await readFile(join(LIBS, lib, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  return Object.keys(dependencies).filter((name) => !name.startsWith('@'));
}

async function compile(sources: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'package.json'), '{"type":"module","exports":"./src/index.js"}');
  const names = await readdir(sources, { recursive: true });
  for (const name of names.filter((file) => /(?<!\.spec|\.fixture)\.ts$/.test(file))) {
    const { outputText } = ts.transpileModule(await readFile(join(sources, name), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    const file = join(target, 'src', name.replace(/\.ts$/, '.js'));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, outputText);
  }
}
