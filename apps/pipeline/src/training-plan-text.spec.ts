import { describe, expect, it } from 'vitest';
import type { TrainingPlan } from '@flexattn/train';
import { trainingPlanText } from './training-plan-text.js';

const GB = 1e9;
const memory: NonNullable<TrainingPlan['memory']> = {
  microBatch: { samples: 2, positions: 2048, answerRows: 300 },
  estimate: { weights: GB, gradients: GB, optimiser: 2 * GB, activations: 36 * GB, total: 40 * GB },
  activationCheckpointing: false,
  otherwise: { activations: 4 * GB, total: 8 * GB },
  available: 80 * GB,
};
const plan: TrainingPlan = {
  ...{
    steps: 1000,
    globalBatch: 64,
    nodes: 2,
    processes: 4,
    microBatchSize: 2,
    accumulation: 4,
    epochs: 1.2345,
  },
  modelMaxLength: 2048,
  data: {
    ...{ samples: 51_840, turns: 60_000, withPicture: 50_000, pictures: 49_000, cut: 7, cutAnswers: 3 },
    dropped: { TOO_LONG: 2 },
    ...{ answerTokens: 900_000, lostAnswerTokens: 41, mostAnswerTokens: 300 },
    lengths: {
      ...{ shortest: 650, median: 700, percentile95: 1900, longest: 2500 },
      histogram: [
        { from: 500, to: 999, samples: 50_000 },
        { from: 1000, to: 1499, samples: 0 },
        { from: 1500, to: 1999, samples: 1 },
      ],
    },
  },
  parameters: { all: 1_234_567, trained: 1_000_000, frozen: 234_567 },
  memory,
  disk: { checkpoint: 13 * GB, states: 80 * GB, free: 100 * GB },
  gpus: [
    { name: 'A', memory: 80 * GB },
    { name: 'A', memory: 80 * GB },
  ],
  command: { program: 'python3', args: ['-m', 'trainer', 'two words'], env: { N: '1' } },
  files: { reads: ['/w/init/a', '/w/init/b', '/w/data'], writes: ['/w/out/a'] },
  problems: [],
  unchecked: ['Python: /w/py is not there yet', 'else: unknown'],
};
const text = (plans: Record<string, TrainingPlan>) =>
  trainingPlanText(plans, (said) => said.replaceAll('/w/', ''));

describe('trainingPlanText', () => {
  it('tells a plan, aligned', () => {
    expect(text({ flexattn: plan })).toBe(
      `
data        51,840 samples, 60,000 answers; 50,000 with a picture, of 49,000 pictures
lengths     650 to 2,500 positions; half up to 700, 95 of 100 up to 1,900
              500 to   999    50,000  ##############################
            1,000 to 1,499         0
            1,500 to 1,999         1  #
            7 exceed modelMaxLength 2,048, of which 3 lose answers: 41 answer tokens are cut off; left out: TOO_LONG 2
steps       1,000 of 64 samples = 2 machines x 4 processes x 2 x 4 accumulated; 1.23 epochs

flexattn
parameters  1,234,567: 1,000,000 trained, 234,567 frozen
memory      of each process at most, 2 samples of 2,048 positions, 300 of them answers
            weights           1.0 GB
            gradients         1.0 GB
            optimiser         2.0 GB
            activations      36.0 GB
            in all           40.0 GB
            with activation checkpointing: 4.0 GB of activations, 8.0 GB in all
disk        checkpoint 13.0 GB, states 80.0 GB

GPUs        2 x A of 80.0 GB
            40.0 GB fits into 80.0 GB of a GPU
disk        93.0 GB fit into 100.0 GB that are free
unchecked   Python: py is not there yet
            else: unknown

flexattn
reads       init/ a b
            data
writes      out/ a
command     N=1 python3 -m trainer 'two words'
`.trim(),
    );
  });

  it('says what does not fit, of the model that needs most, and what is refused', () => {
    const large: TrainingPlan = {
      ...plan,
      memory: { ...memory, estimate: { ...memory.estimate, total: 81 * GB } },
      problems: [{ code: 'NO_ANSWERS', what: 'none', hint: 'look' }],
    };
    const both = text({ small: plan, large });
    expect(both).toContain('81.0 GB does not fit into 80.0 GB of a GPU');
    expect(both).toContain('106.0 GB do not fit into 100.0 GB that are free');
    expect(both).toContain('refused     none; look (NO_ANSWERS)');
    const snug = { ...memory, estimate: { ...memory.estimate, total: 75 * GB } };
    expect(text({ small: { ...plan, memory: snug } })).toContain('75.0 GB may not fit');
  });

  it('says what there is of a run that has nothing yet, and of a configuration that trains nothing', () => {
    const { data, parameters, memory: room, disk, gpus, epochs, ...bare } = plan;
    expect([data, parameters, room, disk, gpus, epochs]).not.toContain(undefined);
    expect(text({ flexattn: bare }).split('\n').slice(0, 5)).toEqual([
      'data        not there yet',
      'steps       1,000 of 64 samples = 2 machines x 4 processes x 2 x 4 accumulated',
      '',
      'flexattn',
      'parameters  unknown: there is no checkpoint to read',
    ]);
    expect(text({ flexattn: { ...bare, cleaned: 1234 } })).toContain(
      'data        not there yet: 1,234 samples are to be tokenised',
    );
    expect(
      text({ flexattn: { ...bare, isExternal: true } })
        .split('\n')
        .slice(0, 4),
    ).toEqual([
      'data        not there yet',
      '',
      'flexattn',
      'trainer     another program: steps, memory and disk are its own',
    ]);
    expect(text({})).toBe('no model of this configuration is trained');
  });
});
