import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '@flexattn/stage';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { artifacts } from '../run-context.js';
import type { Stage } from '../stage.js';
import type { SweepRow } from '../sweep-rows.js';
import { resultsOf } from '../sweep-results.fixture.js';
import { forgetCommands, runCommand } from './run-command.fixture.js';

/** What was done and not found at hand. */
const { done, fakes } = vi.hoisted(() => ({ done: [] as string[], fakes: { stopAt: 0 } }));

// The real steps take minutes: these two go through the same cache, and their scores are what the settings say.
vi.mock('../stages/index.js', async (original) => {
  const { COMMANDS } = await original<typeof import('../stages/index.js')>();
  return {
    COMMANDS: COMMANDS.map((command) => ({
      ...command,
      get steps() {
        return FAKES[command.name] ?? [];
      },
    })),
  };
});

const train: Stage = {
  name: 'train',
  purpose: 'trains',
  after: [],
  reads: () => ({}),
  parameters: ({ config }) => ({ zoom: config.init.extra['zoom_ratio'] ?? '' }),
  tools: () => Promise.resolve({}),
  produce: async ({ config }, folder) => {
    done.push(`train ${config.init.extra['zoom_ratio']}`);
    await writeFileAtomic(join(folder, 'weights'), config.init.extra['zoom_ratio'] ?? '');
    return {};
  },
};

const evaluate: Stage = {
  name: 'eval',
  purpose: 'scores',
  after: ['train'],
  reads: (context) => ({ train: artifacts(context, 'train') }),
  parameters: ({ config }) => ({ threshold: config.models[0]?.threshold ?? null }),
  tools: () => Promise.resolve({}),
  produce: async (context, folder) => {
    const threshold = context.config.models[0]?.threshold ?? 48;
    if (threshold === fakes.stopAt) throw new Error('killed');
    done.push(`eval ${threshold}`);
    const results = resultsOf({ attention: { textvqa: threshold / 100 } });
    await writeFileAtomic(join(folder, 'summary.json'), JSON.stringify(results));
    return {};
  },
};

const FAKES: Record<string, Stage[]> = { train: [train], eval: [evaluate] };
const tiny = readFileSync(new URL('../../../../configs/tiny.json', import.meta.url), 'utf8');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexattn-sweep-'));
  mkdirSync(join(folder, 'configs'));
  writeFileSync(join(folder, 'nx.json'), '{}');
  writeFileSync(join(folder, 'configs/tiny.json'), tiny);
  const sweep = [
    {
      'init.extra': [
        { zoom_ratio: 1, highres_size: 63 },
        { zoom_ratio: 3, highres_size: 189 },
      ],
    },
    { 'models.0.threshold': [16, 96] },
  ];
  writeFileSync(join(folder, 'configs/many.json'), JSON.stringify({ extends: './tiny', sweep }));
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  done.length = 0;
  fakes.stopAt = 0;
});
afterEach(() => {
  forgetCommands();
  rmSync(folder, { recursive: true, force: true });
});

describe('flexattn sweep', () => {
  it('runs every point, what they share once, and writes page, rows and picture', async () => {
    const { stdout } = await runCommand('sweep', '--config', 'many');
    expect(stdout).toContain('sweep: runs/many/sweep/index.html\n');
    expect(done).toEqual(['train 1', 'eval 48', 'train 3', 'eval 48', 'eval 16', 'eval 96']);
    const read = (name: string) => readFileSync(join(folder, 'runs/many/sweep', name), 'utf8');
    const { run, points, rows } = JSON.parse(read('sweep.json')) as Record<string, unknown>;
    expect(run).toBe('many');
    expect(points).toContainEqual({
      name: 'threshold=16',
      run: 'many.threshold=16',
      set: { 'models.0.threshold': 16 },
    });
    expect((rows as SweepRow[]).map(({ score }) => score)).toEqual([0.48, 0.48, 0.16, 0.96]);
    expect(read('index.html')).toContain('init.extra.zoom_ratio');
    expect(read('sweep.svg')).toContain('models.0.threshold');
  });

  it('prints the rows as JSON, the second time without any work', async () => {
    await runCommand('sweep', '--config', 'many', '--quiet');
    done.length = 0;
    const { stdout, stderr } = await runCommand('sweep', '--config', 'many', '--json', '--quiet');
    const { event, rows } = JSON.parse(stdout) as { event: string; rows: unknown };
    expect(event).toBe('result');
    expect(rows).toMatchObject([
      {
        point: 'zoom_ratio=1,highres_size=63',
        model: 'attention',
        benchmark: 'textvqa',
        n: 100,
        score: 0.48,
      },
      { point: 'zoom_ratio=3,highres_size=189' },
      { point: 'threshold=16', interval95: [expect.closeTo(0.06), expect.closeTo(0.26)] },
      { point: 'threshold=96', score: 0.96 },
    ]);
    expect(stderr).toBe('');
    expect(done).toEqual([]);
  });

  it('goes on where it was stopped', async () => {
    fakes.stopAt = 96;
    await expect(runCommand('sweep', '--config', 'many')).rejects.toThrow('killed');
    fakes.stopAt = 0;
    done.length = 0;
    await runCommand('sweep', '--config', 'many');
    expect(done).toEqual(['eval 96']);
  });

  it('refuses a value of any point before the first runs', async () => {
    const set = 'sweep={"models.0.threshold": [16, -1]}';
    await expect(runCommand('sweep', '--config', 'many', '--set', set)).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining('threshold') as string,
    });
    expect(done).toEqual([]);
  });

  it('lists the points with --dry-run and runs none', async () => {
    const { stdout } = await runCommand('sweep', '--config', 'many', '--dry-run', '--json');
    const { points } = JSON.parse(stdout) as { points: unknown };
    expect(points).toContainEqual({
      run: 'many.zoom_ratio=1,highres_size=63',
      set: { 'init.extra.zoom_ratio': 1, 'init.extra.highres_size': 63 },
    });
    expect(done).toEqual([]);
  });

  it('refuses a configuration without lists', async () => {
    await expect(runCommand('sweep', '--config', 'tiny')).rejects.toMatchObject({ code: 'BAD_CONFIG' });
  });
});
