import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PYTHON, ROOT, flexattn } from './command-line.js';

const WORLD = join(ROOT, 'tools/tiny/world');
type Settings = Record<string, unknown> & { data: Record<string, string>; train: Record<string, unknown> };

let workspace: string;
let config: Settings;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'flexattn-e2e-'));
  config = JSON.parse(readFileSync(join(ROOT, 'configs/tiny.json'), 'utf8')) as Settings;
  config.data = { annotations: join(WORLD, 'data/annotations.json'), images: join(WORLD, 'data/images') };
  config['checkpoint'] = join(WORLD, 'base');
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

/** Runs a stage with `config` in a workspace of its own. */
function run(stage: string, watch?: Parameters<typeof flexattn>[1]) {
  writeFileSync(join(workspace, 'case.json'), JSON.stringify(config));
  return flexattn([stage, '--config', 'case.json'], {
    cwd: workspace,
    env: { FLEXATTN_PYTHON: PYTHON },
    ...watch,
  });
}

/** A copy of the base checkpoint, to be damaged. */
function checkpointCopy(): string {
  const folder = join(workspace, 'base');
  cpSync(join(WORLD, 'base'), folder, { recursive: true });
  config['checkpoint'] = folder;
  return folder;
}

const CASES: { name: string; stage: string; arrange: () => void; says: RegExp }[] = [
  {
    name: 'annotations that are not there',
    stage: 'clean',
    arrange: () => (config.data['annotations'] = 'nowhere.json'),
    says: /nowhere\.json: clean reads it as annotations.*\(INPUT_MISSING\)/,
  },
  {
    name: 'annotations that are not JSON',
    stage: 'clean',
    arrange: () => {
      writeFileSync(join(workspace, 'broken.json'), '[{"id": 1,\n "conversations": ');
      config.data['annotations'] = join(workspace, 'broken.json');
    },
    says: /broken\.json.*line 2/,
  },
  {
    name: 'a configuration with an unknown key',
    stage: 'clean',
    arrange: () => (config.train['learningRat'] = 1),
    says: /case\.json\[train\.learningRat\]: line \d+, column \d+: .*did you mean "learningRate"\?/,
  },
  {
    name: 'a checkpoint without config.json',
    stage: 'init',
    arrange: () => rmSync(join(checkpointCopy(), 'config.json')),
    says: /config\.json/,
  },
  {
    name: 'a truncated shard',
    stage: 'init',
    arrange: () => {
      const folder = checkpointCopy();
      const shard = readdirSync(folder).find((file) => file.endsWith('.safetensors')) ?? '';
      writeFileSync(join(folder, shard), readFileSync(join(folder, shard)).subarray(0, -100));
    },
    says: /base.*\.safetensors.*data ends at \d+, but the file has \d+ bytes/,
  },
  {
    name: 'a tensor of another shape than the configuration says',
    stage: 'init',
    arrange: () => {
      const file = join(checkpointCopy(), 'config.json');
      const text = JSON.parse(readFileSync(file, 'utf8')) as { hidden_size: number };
      writeFileSync(file, JSON.stringify({ ...text, hidden_size: text.hidden_size * 2 }));
    },
    says: /asks for shape \[\d+, 192\], got \[\d+, 96\]/,
  },
  {
    name: 'a stage whose input was never made',
    stage: 'compile',
    arrange: () => undefined,
    says: /\(STAGE_NOT_RUN\)/,
  },
];

describe('bad input', () => {
  it.each(CASES)('$name: one line, exit 2, nothing written', async ({ stage, arrange, says }) => {
    arrange();
    const outcome = await run(stage);
    const lines = outcome.stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('error') || line.includes('    at '));
    expect(outcome.code, outcome.stderr).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(says);
    expect(existsSync(join(workspace, 'runs/case', stage))).toBe(false);
    const runs = join(workspace, 'runs/case');
    expect(existsSync(runs) ? readdirSync(runs) : []).toEqual([]);
  });

  it.each([
    ['no such file', 'nowhere.png'],
    ['not a picture', 'tools/tiny/README.md'],
  ])('ask with %s: one line, exit 2', async (_name, image) => {
    const asked = await flexattn([
      'ask',
      '--model',
      'runs/tiny/compile/flexattn',
      '--image',
      image,
      'What is it?',
    ]);
    expect(asked.code, asked.stderr).toBe(2);
    expect(asked.stderr.trim().split('\n')).toHaveLength(1);
    expect(asked.stderr).toContain(image);
  });

  it('an unknown flag or command shows how it is called, exit 2', async () => {
    expect((await flexattn(['clean', '--nonsense'])).code).toBe(2);
    expect((await flexattn(['nonsense'])).code).toBe(2);
    expect((await flexattn(['--help'])).code).toBe(0);
  });
});

describe('Ctrl-C', () => {
  it('during training ends every child process with exit 130 and leaves nothing half-written', async () => {
    config.train['steps'] = 100_000;
    for (const stage of ['clean', 'init']) expect((await run(stage)).code).toBe(0);
    let stopped = false;
    const outcome = await run('train', {
      watch: (child, printed) => {
        if (stopped || !/step|loss/.test(printed)) return;
        stopped = true;
        child.kill('SIGINT');
      },
    });
    expect(outcome.code, outcome.stderr).toBe(130);
    expect(existsSync(join(workspace, 'runs/case/train'))).toBe(false);
    expect(pythonProcessesOf(workspace)).toEqual([]);
  });
});

/** Command lines of the processes that work in `folder`, from /proc. */
function pythonProcessesOf(folder: string): string[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch (error) {
        if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
          return [];
        throw error;
      }
    })
    .filter((line) => line.includes(folder) && line.includes('python'));
}
