import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const LIBS = fileURLToPath(new URL('../../..', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

/** Writes this lib and stage as plain JavaScript into `folder`, so that real Node processes can run and be killed. */
export function compileInto(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(NODE_MODULES, join(folder, 'node_modules'));
  for (const lib of ['stage', 'model-prep']) {
    const source = join(LIBS, lib, 'src');
    for (const name of readdirSync(source, { recursive: true }).map(String)) {
      if (!/(?<!\.spec)\.ts$/.test(name) || /(?<!file-calls)\.fixture\.ts$/.test(name)) continue;
      const target = join(folder, lib, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      const stageModule = (module: string): string => {
        const path = relative(dirname(target), join(folder, 'stage', module));
        return `'${path.startsWith('.') ? path : `./${path}`}'`;
      };
      const text = readFileSync(join(source, name), 'utf8')
        .replaceAll("'@flexattn/stage'", stageModule('index.js'))
        .replaceAll("'@flexattn/stage/errors'", stageModule('errors.js'));
      const { outputText } = ts.transpileModule(text, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
      });
      writeFileSync(target, outputText);
    }
  }
}

const SCRIPT = `
import { writeSync } from 'node:fs';
import * as lib from './model-prep/index.js';
import { watchFileCalls } from './model-prep/node/file-calls.fixture.js';
const { name, options, killAt } = JSON.parse(process.argv[2]);
let calls = 0;
await watchFileCalls(() => { if (calls++ === killAt) process.kill(process.pid, 'SIGKILL'); });
await lib[name](options);
writeSync(1, String(calls));
`;

/** An exported function of this lib with its options, which must be JSON. */
export interface Work {
  name: 'initialiseHighResProjections' | 'downloadCheckpoint' | 'convertCheckpoint';
  options: object;
}

/**
 * Runs `work` in a process of its own, which kills itself in front of its file call `killAt`.
 *
 * @returns how many file calls it made; undefined where it was killed
 */
export async function runKilled(folder: string, work: Work, killAt: number): Promise<number | undefined> {
  const script = join(folder, 'script.js');
  writeFileSync(script, SCRIPT);
  const child = spawn(process.execPath, [script, JSON.stringify({ ...work, killAt })]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...end) => resolve(end)),
  );
  if (signal === 'SIGKILL') return undefined;
  if (code !== 0) throw new Error(`ended with ${code ?? signal}: ${stderr}`);
  return Number(stdout);
}
