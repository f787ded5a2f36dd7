import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SlurmCluster, until } from './slurm-cluster.js';

/** Said before the tests; null for root with Slurm's packages. */
const whyNot = inject('whyNotSlurm');
const ROOT = resolve(fileURLToPath(import.meta.url), '../../../..');
const WORLD = join(ROOT, 'tools/tiny/world');
let folder: string;
let cluster: SlurmCluster;
beforeAll(async () => {
  if (whyNot !== null) return;
  folder = mkdtempSync(join(tmpdir(), 'flexattn-arrays-'));
  cluster = await SlurmCluster.start();
});
afterAll(async () => {
  if (whyNot !== null) return;
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

const at = (name: string) => join(folder, name);
const SLURM = ['--launcher', 'slurm', '--tasks', '3', '--slurm-arg=--partition=p', '--slurm-arg=--time=10'];

interface Ended {
  code: number | null;
  printed: string;
}

/** Runs the command of this checkout against the cluster. */
async function flexattn(args: readonly string[], watch?: (child: ChildProcess, printed: string) => void) {
  const child = spawn(process.execPath, [join(ROOT, 'apps/pipeline/bin/flexattn.js'), ...args], {
    cwd: folder,
    env: { ...process.env, SLURM_CONF: cluster.conf, HF_TOKEN: 'canary' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { code: null, printed: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      ended.printed += chunk.toString();
      watch?.(child, ended.printed);
    });
  }
  [ended.code] = (await once(child, 'close')) as [number | null];
  return ended;
}

async function expectDone(args: readonly string[]): Promise<string> {
  const { code, printed } = await flexattn(args);
  expect(code, printed).toBe(0);
  return printed;
}

/** Every file below a folder, by name. */
const filesOf = (path: string) =>
  Object.fromEntries(
    readdirSync(path).map((name) => [name, readFileSync(join(path, name)).toString('base64')]),
  );

describe.skipIf(whyNot !== null)('an array of Slurm', () => {
  const clean = (out: string, ...more: string[]) => [
    ...['clean', '--annotations', join(WORLD, 'data/annotations.json'), '--images', at('images')],
    ...['--out', at(out), '--verify', 'decode', '--shuffle', '1', ...more],
  ];

  it('cleans in tasks to the bytes of one process, and leaves nothing else', async () => {
    cpSync(join(WORLD, 'data/images'), at('images'), { recursive: true });
    await expectDone(clean('one'));
    const printed = await expectDone(clean('in tasks', ...SLURM));
    expect(printed).toMatch(/clean: Slurm job \d+, an array of 3; logs .*task-\*\.log/);
    expect(filesOf(at('in tasks'))).toEqual(filesOf(at('one')));
    expect(readdirSync(folder).filter((name) => name.startsWith('in tasks'))).toEqual(['in tasks']);
  });

  it('answers in tasks to the bytes of one process', async () => {
    await expectDone(['init', '--checkpoint', join(WORLD, 'base'), '--out', at('model')]);
    const images = join(WORLD, 'benchmarks/textvqa/train_images');
    const items = readdirSync(images)
      .slice(0, 9)
      .map((image, i) =>
        JSON.stringify({
          id: `i${i}`,
          image,
          prompt: '<image>\nWhich way do the stripes run?',
          maxNewTokens: 3,
        }),
      );
    writeFileSync(at('items.jsonl'), `${items.join('\n')}\n`);
    const infer = ['infer', '--model', at('model'), '--items', at('items.jsonl'), '--root', images];
    await expectDone([...infer, '--out', at('one.jsonl'), '--threads', '1']);
    const printed = await expectDone([...infer, '--out', at('tasks.jsonl'), '--threads', '1', ...SLURM]);
    expect(printed).toMatch(/answered: *9/);
    expect(readFileSync(at('tasks.jsonl'), 'utf8')).toBe(readFileSync(at('one.jsonl'), 'utf8'));
  });

  it('that fails is told with its log, and only what is missing runs again', async () => {
    mkdirSync(at('away'));
    renameSync(at('images'), at('away/images'));
    writeFileSync(at('images'), 'no folder');
    const failed = await flexattn(clean('again', ...SLURM));
    expect(failed.code, failed.printed).toBe(2);
    expect(failed.printed).toMatch(
      /task 0: .*images.*\n.*3 of 3 tasks failed \(0, 1, 2\).*\(TASKS_FAILED\)/s,
    );
    rmSync(at('images'));
    renameSync(at('away/images'), at('images'));
    await expectDone(clean('again', ...SLURM));
    expect(filesOf(at('again'))).toEqual(filesOf(at('one')));
  });

  it('is cancelled by Ctrl-C, and refused by Slurm in its own words', async () => {
    // Held back by Slurm until long after the test.
    const held = [...SLURM, '--slurm-arg=--begin=now+1hour'];
    const stopped = await flexattn(clean('held', ...held), (child, printed) => {
      if (/others wait \(BeginTime\)/.test(printed) && !child.killed) child.kill('SIGINT');
    });
    expect(stopped.code, stopped.printed).toBe(130);
    await until(() => cluster.ask('squeue', ['-h']) === '');
    const refused = await flexattn(clean('refused', ...SLURM, '--slurm-arg=--partition=no-such'));
    expect(refused.code).toBe(2);
    expect(refused.printed).toMatch(/sbatch refused: .*invalid partition.*\(SLURM_REFUSED\)/i);
  });
});
