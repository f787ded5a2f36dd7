import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { forgetCommands, runCommand } from './run-command.fixture.js';

afterEach(forgetCommands);

const FLAGS = ['--tasks', '8', '--image', 'flexattn:1', '--claim', 'mine'];
const OUT = '/data/part-$(JOB_COMPLETION_INDEX)';
const manifest = async (...words: string[]) => (await runCommand('manifest', 'k8s', ...words)).stdout;

describe('flexattn manifest k8s', () => {
  it('prints an Indexed Job whose pods know their part', async () => {
    const words = ['clean', '--annotations', 'a.json', '--out', OUT];
    const job = parse(await manifest(...FLAGS, '--gpus', '1', '--parallel', '2', '--', ...words)) as object;
    expect(job).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: {
        completionMode: 'Indexed',
        completions: 8,
        parallelism: 2,
        template: {
          spec: {
            containers: [
              {
                command: ['flexattn'],
                args: words,
                env: [{ name: 'JOB_COMPLETIONS', value: '8' }],
                resources: { limits: { 'nvidia.com/gpu': 1 } },
              },
            ],
            volumes: [{ persistentVolumeClaim: { claimName: 'mine' } }],
          },
        },
      },
    });
  });

  it('keeps odd words as they are, in YAML as in JSON', async () => {
    const words = ['infer', '--root', 'a "b": #c\n- d', '--out', OUT];
    const job = parse(await manifest(...FLAGS, '--', ...words)) as unknown;
    expect(job).toEqual(JSON.parse(await manifest(...FLAGS, '--json', '--', ...words)));
  });

  it.each([
    [['eval', '--out', OUT], 'expected a command that works by rank'],
    [['clean', '--out', '/data/part'], 'all parts would write the same place'],
  ])('refuses %j', async (words, message) => {
    await expect(manifest(...FLAGS, '--', ...words)).rejects.toThrow(message);
  });

  it('refuses a name that Kubernetes would', async () => {
    await expect(manifest(...FLAGS, '--name', 'A b', '--', 'clean', '--out', OUT)).rejects.toThrow('no name');
  });
});
