import { describe, expect, it } from 'vitest';
import { launchPlan } from './launch-plan.js';
import { processLine } from './process-line.js';
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

  it('meets other machines where it is told to, each with its own number', () => {
    const rendezvous = { nodes: 2, endpoint: 'gpu-1:29500', nodeRank: 1 };
    const { args } = launchPlan(paths, tinySettings, rendezvous); // one process a machine
    expect(args.slice(0, 11)).toEqual([
      ...['-m', 'torch.distributed.run', '--nnodes', '2', '--node-rank', '1'],
      ...['--rdzv-endpoint', 'gpu-1:29500', '--nproc-per-node', '1', '-m'],
    ]);
  });

  it('keeps the errors of each process apart, under a label that is read again', () => {
    const { args, env } = launchPlan({ ...paths, logs: '/lo gs' }, { ...tinySettings, processes: 2 });
    expect(args.slice(args.indexOf('--tee'), args.indexOf('--tee') + 4)).toEqual([
      ...['--tee', '2', '--log-dir', '/lo gs'],
    ]);
    const label = env['TORCHELASTIC_LOG_LINE_PREFIX_TEMPLATE']?.replace('${rank}', '13');
    expect(processLine(`${label}text`)).toEqual({ rank: 13, text: 'text' });
  });
});
