import { describe, expect, it } from 'vitest';
import { externalPlan } from './external-command.js';

const paths = { checkpoint: '/ck $(x)', data: '/d.json', images: '/{out}', out: "/o'ut" };

describe('externalPlan', () => {
  it('fills each placeholder in, wherever it stands in an argument', () => {
    const command = ['{checkpoint}/run', '--data={data}', '--images', '{images}', '{out}:{out}', '{other}'];
    expect(externalPlan(command, paths)).toEqual({
      program: '/ck $(x)/run',
      args: ['--data=/d.json', '--images', '/{out}', "/o'ut:/o'ut", '{other}'],
      env: {},
    });
  });
});
