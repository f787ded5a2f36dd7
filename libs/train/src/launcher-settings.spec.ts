import { describe, expect, it } from 'vitest';
import { launcherSettingsSchema, nodesOf } from './launcher-settings.js';

const problem = (settings: object) =>
  launcherSettingsSchema
    .safeParse(settings)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ');

describe('launcherSettingsSchema', () => {
  it('takes this machine where nothing is said', () => {
    expect(launcherSettingsSchema.parse({})).toEqual({ launcher: 'local' });
  });

  it.each([
    [
      {
        launcher: 'slurm',
        slurm: { partition: 'gpu,fast', time: '2:00:00', args: ['--qos=long'] },
      },
    ],
    [{ rendezvous: { nodes: 2, endpoint: 'gpu-1.lab:29500', nodeRank: 1 } }],
    [{ rendezvous: { nodes: 2, endpoint: '[::1]:29500' } }],
    [{ launcher: 'external', command: ['python', 'train.py', '--output_dir={out}'] }],
    [{ launcher: 'slurm', slurm: { time: '6' } }],
    [{ launcher: 'slurm', slurm: { time: '1-2:03:04', secondsToSave: 65_535 } }],
  ])('accepts %j', (settings) => expect(problem(settings)).toBeUndefined());

  it.each([
    [{ launcher: 'slurm', slurm: { partition: 'gpu; touch x' } }, /slurm.partition: use letters/],
    [{ launcher: 'slurm', slurm: { account: 'a b' } }, /slurm.account/],
    [{ launcher: 'slurm', slurm: { time: '1:00:00\n#SBATCH -x' } }, /slurm.time: expected minutes/],
    [
      { launcher: 'slurm', slurm: { time: '5' } },
      /slurm.time: expected more than secondsToSave = 300 seconds, got 300/,
    ],
    [{ launcher: 'slurm', slurm: { time: '1:30' } }, /got 90/],
    [{ launcher: 'slurm', slurm: { time: '0:04:10' } }, /got 250/],
    [{ launcher: 'slurm', slurm: { time: '0-0:05', secondsToSave: 300 } }, /got 300/],
    [{ launcher: 'slurm', slurm: { args: ['rm'] } }, /slurm.args.0: expected an option/],
    [{ rendezvous: { nodes: 2, endpoint: 'gpu-1' } }, /rendezvous.endpoint: expected host:port/],
    [{ rendezvous: { nodes: 1, endpoint: 'gpu-1:1' } }, /rendezvous.nodes/],
    [{ slurm: {} }, /slurm: goes with "launcher": "slurm", got "local"/],
    [{ launcher: 'slurm', command: ['x', '{out}'] }, /command: goes with "launcher": "external"/],
    [{ launcher: 'external' }, /command: expected the program that trains/],
    [{ launcher: 'external', command: ['train.sh'] }, /command: expected the placeholder \{out\}/],
  ])('refuses %j', (settings, expected) => expect(problem(settings)).toMatch(expected));
});

describe('nodesOf', () => {
  it('counts the machines', () => {
    const nodes = (settings: object) => nodesOf(launcherSettingsSchema.parse(settings));
    expect(nodes({})).toBe(1);
    expect(nodes({ rendezvous: { nodes: 3, endpoint: 'a:1' } })).toBe(3);
    expect(nodes({ launcher: 'slurm', slurm: { nodes: 4 } })).toBe(4);
    expect(nodes({ launcher: 'slurm' })).toBe(1);
  });
});
