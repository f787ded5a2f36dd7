import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** How a script ended. */
interface ScriptEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A Node process that runs this library from its sources. */
export interface Script {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<ScriptEnd>;
}

const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/data-prep-sources/', import.meta.url));

/**
 * Lets Node import TypeScript: `.js` beside a `.ts` file means that file, whose types are taken out. The result is kept
 * by the hash of the source, so that most processes need not load the compiler.
 */
const HOOKS = `
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
const cache = ${JSON.stringify(CACHE)};
export function resolve(specifier, context, next) {
  if (specifier.startsWith('.') && context.parentURL?.endsWith('.ts')) {
    const url = new URL(specifier.replace(/\\.js$/, '.ts'), context.parentURL).href;
    if (existsSync(fileURLToPath(url))) return { url, shortCircuit: true };
  }
  return next(specifier, context);
}
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const source = await compiled(readFileSync(fileURLToPath(url), 'utf8'));
  return { format: 'module', source, shortCircuit: true };
}
async function compiled(source) {
  const path = cache + createHash('sha256').update(source).digest('hex') + '.js';
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const { default: ts } = await import(${JSON.stringify(import.meta.resolve('typescript'))});
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  const { outputText } = ts.transpileModule(source, { compilerOptions });
  mkdirSync(cache, { recursive: true });
  writeFileSync(path + process.pid, outputText);
  renameSync(path + process.pid, path);
  return outputText;
}`;

const dataUrl = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
const REGISTER = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOOKS))});`;
const LIBRARY = new URL('../index.ts', import.meta.url).href;

/** Runs ES module text in a new Node process; it has this library's exports as `lib`, and `args`. */
export async function startScript(text: string, ...args: string[]): Promise<Script> {
  const script = `const lib = await import(${JSON.stringify(LIBRARY)});
const args = process.argv.slice(1);
${text}`;
  const options = ['--conditions=@flexattn/source', '--import', dataUrl(REGISTER), '--input-type=module'];
  const child: ChildProcess = spawn(process.execPath, [...options, '--eval', script, '--', ...args], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(child, 'spawn');
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  const ended = once(child, 'close').then(() => {
    return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
  });
  return { pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), ended };
}
