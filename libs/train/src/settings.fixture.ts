import type { TrainSettings } from './settings.js';

/** A run of three steps over the three samples of the golden training batch. */
export const tinySettings: TrainSettings = {
  highres: true,
  steps: 3,
  batchSize: 4,
  microBatchSize: 2,
  learningRate: 1e-5,
  warmupSteps: 1,
  weightDecay: 0,
  maxGradNorm: 1,
  learningRates: {},
  train: ['*'],
  freeze: ['vision_tower'],
  lora: null,
  seed: 1,
  precision: 'float32',
  activationCheckpointing: false,
  sharding: 'none',
  onNaN: 'stop',
  threads: 1,
  processes: 1,
  modelMaxLength: 2048,
  featureCacheMegabytes: 100,
  saveEverySteps: 0,
  keepStates: 2,
};
