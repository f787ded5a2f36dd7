import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PYTHON, ROOT, runCommand } from './command-line.js';

const ROOMS = ['stage', 'data-prep', 'model-prep', 'train', 'flexattn-runtime', 'eval', 'pipeline'] as const;
type Room = (typeof ROOMS)[number];

/** Packages of weight that a room must not bring along. */
const TOO_HEAVY: Record<Room, string[]> = {
  stage: ['sharp', 'onnxruntime-node', '@huggingface/hub', 'stream-json'],
  'data-prep': ['onnxruntime-node', '@huggingface/hub', '@bufbuild/protobuf'],
  'model-prep': ['sharp', 'onnxruntime-node', 'stream-json'],
  train: ['onnxruntime-node', '@bufbuild/protobuf'],
  'flexattn-runtime': ['stream-json', 'commander'],
  eval: ['sharp', 'onnxruntime-node', '@huggingface/hub'],
  pipeline: ['typescript', 'nx'],
};

const scratch = mkdtempSync(join(tmpdir(), 'flexattn-packages-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Manifest {
  name: string;
  version: string;
  dependencies?: Record<string, string>;
}

const folderOf = (room: Room) => join(ROOT, room === 'pipeline' ? 'apps' : 'libs', room);
const manifestOf = (room: Room) =>
  JSON.parse(readFileSync(join(folderOf(room), 'package.json'), 'utf8')) as Manifest;
const tarballOf = (room: Room) => join(scratch, `flexattn-${room}-${manifestOf(room).version}.tgz`);

/** The room and those it stands on. */
function withItsRooms(room: Room, found = new Set<Room>()): Set<Room> {
  found.add(room);
  const names = Object.keys(manifestOf(room).dependencies ?? {});
  for (const other of ROOMS) if (names.includes(`@flexattn/${other}`)) withItsRooms(other, found);
  return found;
}

/** Installs the rooms' tarballs, and what they bring, into an empty folder. */
async function install(folder: string, rooms: Iterable<Room>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'];
  const outcome = await runCommand('npm', ['install', ...quiet, ...[...rooms].map(tarballOf)], {
    cwd: folder,
  });
  expect(outcome.code, outcome.stderr).toBe(0);
}

/** The first example of a README in TypeScript, and the output that stands after it. */
function firstExample(room: Room): { code: string; prints: string | undefined } | undefined {
  const readme = readFileSync(join(folderOf(room), 'README.md'), 'utf8');
  const match = /^```ts\n([\s\S]*?)^```\n(?:\n(?:It prints\n\n)?```text\n([\s\S]*?)^```)?/m.exec(readme);
  return match === null ? undefined : { code: match[1] ?? '', prints: match[2]?.trim() };
}

/** What TypeScript finds wrong with the example, and with our declarations where it uses them. */
function typeErrors(file: string): string[] {
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  });
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file: place }) => /@flexattn|example/.test(place?.fileName ?? 'example'))
    .map(({ file: place, messageText }) => {
      return `${place?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
}

/** How programs without ES modules look a package up: ours are for the others. */
const COMMON_JS = ['node10', 'node16-cjs'];

beforeAll(async () => {
  const workspaces = ROOMS.flatMap((room) => ['--workspace', manifestOf(room).name]);
  const packed = await runCommand('npm', ['pack', ...workspaces, '--pack-destination', scratch]);
  expect(packed.code, packed.stderr).toBe(0);
});

describe.each(ROOMS)('the package of %s', (room) => {
  it('holds only what is needed', async () => {
    const { stdout } = await runCommand('tar', ['tzf', tarballOf(room)]);
    const files = stdout.trim().split('\n');
    const needed = /^package\/((dist|bin)\/.*\.(js|d\.ts)|python\/.*|package\.json|README\.md|LICENSE)$/;
    expect(files.filter((file) => !needed.test(file) || /\.(spec|fixture)\./.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['package/README.md', 'package/LICENSE']));
  });

  it('resolves for every consumer of ES modules, with its types', async () => {
    const bytes = readFileSync(tarballOf(room));
    const { messages } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
      strict: true,
    });
    expect(messages).toEqual([]);
    const types = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
    if (!types.types) throw new Error('expected types');
    const forModules = types.problems.filter(
      (problem) => !('resolutionKind' in problem && COMMON_JS.includes(problem.resolutionKind)),
    );
    expect(forModules).toEqual([]);
  });

  it('installs alone, brings only its own weight, and runs the first example of its README', async () => {
    const folder = join(scratch, room);
    await install(folder, withItsRooms(room));
    const modules = readdirSync(join(folder, 'node_modules'), { recursive: true }).map(String);
    expect(TOO_HEAVY[room].filter((name) => modules.includes(name))).toEqual([]);
    if (room === 'pipeline') {
      const help = await runCommand('npx', ['flexattn', '--help'], { cwd: folder });
      expect(help.stdout).toContain('Usage: flexattn');
      return;
    }
    const example = firstExample(room);
    if (example === undefined) throw new Error('expected an example in TypeScript');
    const companions = ROOMS.filter((other) => example.code.includes(`'@flexattn/${other}'`));
    await install(folder, new Set([room, ...companions].flatMap((one) => [...withItsRooms(one)])));
    for (const place of ['runs', 'tools', '.flexattn']) symlinkSync(join(ROOT, place), join(folder, place));
    const file = join(folder, 'example.ts');
    writeFileSync(file, example.code);
    expect(typeErrors(file)).toEqual([]);
    const { outputText } = ts.transpileModule(example.code, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    writeFileSync(join(folder, 'example.js'), outputText);
    const run = await runCommand(process.execPath, ['example.js'], {
      cwd: folder,
      env: { FLEXATTN_PYTHON: PYTHON },
    });
    expect(run.code, run.stderr).toBe(0);
    if (example.prints !== undefined) expect(run.stdout.trim()).toBe(example.prints);
  });
});

it('releases all rooms together', async () => {
  const outcome = await runCommand('npx', ['nx', 'release', 'version', '9.9.9', '--dry-run', '--verbose']);
  expect(outcome.code, outcome.stderr).toBe(0);
  for (const room of ROOMS) {
    const { name } = manifestOf(room);
    expect(outcome.stdout).toMatch(
      new RegExp(`"name": "${name}",\\n-\\s+"version": ".*",\\n\\+\\s+"version": "9.9.9"`),
    );
  }
});

it('documents every exported name, without a warning', async () => {
  const outcome = await runCommand('npx', ['typedoc', '--out', join(scratch, 'api')]);
  expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
});
