/**
 * The stages in order: whose lib runs it, which stages' receipts it reads, which parts of the configuration decide
 * its result, and which paths in there name data that it reads (each path a list of keys; `*` is every key). Data that
 * an earlier stage reads too are left out: their hash is in its receipt. `code`: libs beside its own (and those that
 * this one uses) whose code decides the result.
 */
export const STAGES = {
  clean: {
    project: 'data-prep',
    after: [],
    config: ['data', 'clean'],
    reads: [
      ['data', 'annotations'],
      ['data', 'images'],
    ],
  },
  init: { project: 'model-prep', after: [], config: ['checkpoint', 'init'], reads: [['checkpoint']] },
  train: {
    project: 'train',
    after: ['clean', 'init'],
    config: ['train', 'models'],
    reads: [],
    code: ['data-prep', 'flexattn-runtime'],
  },
  compile: {
    project: 'flexattn-runtime',
    after: ['init', 'train'],
    config: ['models'],
    reads: [],
  },
  infer: {
    project: 'flexattn-runtime',
    after: ['compile'],
    config: ['infer', 'eval', 'models'],
    reads: [
      ['eval', 'benchmarks', '*', 'path'],
      ['eval', 'benchmarks', '*', 'module'],
    ],
    code: ['eval'],
  },
  eval: {
    project: 'eval',
    after: ['infer'],
    config: ['eval', 'models'],
    reads: [['eval', 'judge', 'module']],
  },
  report: {
    project: 'pipeline',
    after: ['clean', 'train', 'infer', 'eval'],
    config: ['models', 'data', 'checkpoint', 'init', 'train'],
    reads: [],
  },
};
