import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const LIBS = fileURLToPath(new URL('../../..', import.meta.url));
const NODE_MODULES = join(LIBS, '../node_modules');

/** This lib and those below it as plain JavaScript in a folder of their own: threads and processes need files to run. */
export class CompiledLibs {
  private constructor(readonly folder: string) {}

  static async make(): Promise<CompiledLibs> {
    const folder = await mkdtemp(join(tmpdir(), 'flexattn-compiled-'));
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, '@flexattn'), { recursive: true });
    for (const name of await readdir(NODE_MODULES)) {
      if (name !== '@flexattn' && !name.startsWith('.'))
        await symlink(join(NODE_MODULES, name), join(modules, name));
    }
    for (const name of ['stage', 'model-prep', 'flexattn-runtime'])
      await compile(name, join(modules, '@flexattn', name));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    return new CompiledLibs(folder);
  }

  /** Changes the compiled text of one source of this lib. */
  async patch(name: string, from: string, to: string): Promise<void> {
    const file = join(this.folder, 'node_modules/@flexattn/flexattn-runtime/src', name);
    const text = await readFile(file, 'utf8');
    if (!text.includes(from)) throw new Error(`${name} does not hold "${from}"`);
    await writeFile(file, text.replace(from, to));
  }

  /**
   * Runs a module's text in a process of its own and parses what it prints as JSON.
   *
   * @param env - added to ours
   */
  async run(text: string, env: Record<string, string> = {}): Promise<unknown> {
    const file = join(this.folder, 'script.mjs');
    await writeFile(file, text);
    const stdout = await new Promise<string>((resolve, reject) => {
      const options = { maxBuffer: 2 ** 26, env: { ...process.env, ...env } };
      execFile(process.execPath, [file], options, (error, out, stderr) => {
        if (error === null) resolve(out);
        else reject(new Error(`${error.message}\n${stderr}`));
      });
    });
    return JSON.parse(stdout);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
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
