import { describe, expect, it } from 'vitest';
import { launchPlan } from './launch-plan.js';
import { tinySettings } from './settings.fixture.js';

const paths = {
  python: '/py/bin/python',
  packageFolder: '/lib/python',
  checkpoint: '/ck pt',
  data: '/data',
  images: '/images',
  out: '/out',
};

describe('launchPlan', () => {
  it('starts one process as a module, with every path an argument of its own', () => {
    const { program, args, env } = launchPlan(paths, tinySettings);
    expect(program).toBe('/py/bin/python');
    expect(args.slice(0, 4)).toEqual(['-m', 'flexattn_train.train', '--checkpoint', '/ck pt']);
    expect(args).toContain('--watch-stdin');
    expect(JSON.parse(args[args.indexOf('--settings') + 1] ?? '')).toEqual(tinySettings);
    expect(env).toMatchObject({ PYTHONPATH: '/lib/python', OMP_NUM_THREADS: String(tinySettings.threads) });
  });

  it('starts several processes under torch.distributed.run', () => {
    const { args } = launchPlan(paths, { ...tinySettings, processes: 2 });
    expect(args.slice(0, 7)).toEqual([
      '-m',
      'torch.distributed.run',
      '--standalone',
      '--nproc-per-node',
      '2',
      '-m',
      'flexattn_train.train',
    ]);
  });
});
