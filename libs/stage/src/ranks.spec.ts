import { describe, expect, it } from 'vitest';
import { localRankOf, parseShard, rankOf } from './ranks.js';

describe('rankOf', () => {
  it.each([
    ['torchrun', { RANK: '3', WORLD_SIZE: '4' }, { index: 3, count: 4 }],
    ['Slurm', { SLURM_PROCID: '0', SLURM_NTASKS: '2' }, { index: 0, count: 2 }],
    ['Open MPI', { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '2' }, { index: 1, count: 2 }],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '5', JOB_COMPLETIONS: '6' }, { index: 5, count: 6 }],
    ['nobody', { PATH: '/bin', WORLD_SIZE: '4' }, undefined],
    [
      'torchrun under Slurm',
      { SLURM_PROCID: '0', SLURM_NTASKS: '1', RANK: '3', WORLD_SIZE: '4' },
      { index: 3, count: 4 },
    ],
  ])('knows the rank that %s gives', (_, env, expected) => {
    expect(rankOf(env)).toEqual(expected);
  });

  it.each([
    ['beyond the count', { RANK: '4', WORLD_SIZE: '4' }, 'got "4/4"'],
    ['that is no number', { SLURM_PROCID: 'x', SLURM_NTASKS: '4' }, 'SLURM_PROCID, SLURM_NTASKS: expected'],
    ['without a count', { JOB_COMPLETION_INDEX: '0' }, 'JOB_COMPLETIONS'],
  ])('refuses a rank %s', (_, env, message) => {
    expect(() => rankOf(env)).toThrow(message);
  });
});

describe('localRankOf', () => {
  const tasks = { SLURM_STEP_TASKS_PER_NODE: '4(x2),3' };
  it.each([
    ['torchrun', { LOCAL_RANK: '3', LOCAL_WORLD_SIZE: '8', RANK: '11' }, { index: 3, count: 8 }],
    ['a launcher without a count', { LOCAL_RANK: '3' }, { index: 3 }],
    ['Slurm on the first node', { SLURM_LOCALID: '3', ...tasks }, { index: 3, count: 4 }],
    ['Slurm on the last node', { SLURM_LOCALID: '2', SLURM_NODEID: '2', ...tasks }, { index: 2, count: 3 }],
    [
      'Open MPI',
      { OMPI_COMM_WORLD_LOCAL_RANK: '1', OMPI_COMM_WORLD_LOCAL_SIZE: '2' },
      { index: 1, count: 2 },
    ],
    ['torchrun under Slurm', { SLURM_LOCALID: '0', LOCAL_RANK: '1', ...tasks }, { index: 1 }],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '5', JOB_COMPLETIONS: '6' }, undefined],
  ])('knows the place that %s gives', (_, env, expected) => {
    expect(localRankOf(env)).toEqual(expected);
  });

  it.each([
    ['beyond the count', { LOCAL_RANK: '4', LOCAL_WORLD_SIZE: '4' }],
    ['beyond its own node', { SLURM_LOCALID: '3', SLURM_NODEID: '2', ...tasks }],
    ['that is no number', { LOCAL_RANK: '-1' }],
  ])('refuses a place %s', (_, env) => {
    expect(() => localRankOf(env)).toThrow('BAD_CONTENT');
  });
});

describe('parseShard', () => {
  it.each([
    ['0/1', { index: 0, count: 1 }],
    ['7/8', { index: 7, count: 8 }],
  ])('reads %s', (text, expected) => {
    expect(parseShard(text)).toEqual(expected);
  });

  it.each(['1/1', '-1/2', '1', '', '1/2/3', '1.5/2', '0/0', 'a/b'])('refuses "%s"', (text) => {
    expect(() => parseShard(text)).toThrow('BAD_CONTENT');
  });
});
