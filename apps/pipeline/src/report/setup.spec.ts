import { describe, expect, it } from 'vitest';
import { headlinePair, type ModelSetup } from './setup.js';

const model = (name: string, trained: boolean, selection: ModelSetup['selection']) => ({
  name,
  trained,
  selection,
});
const base = model('base', false, 'none');
const lowRes = model('low-res', true, 'none');
const flexattn = model('flexattn', true, 'attention');

describe('headlinePair', () => {
  it.each([
    [[base, lowRes, flexattn], { from: 'low-res', to: 'flexattn' }],
    [[flexattn, lowRes, base], { from: 'low-res', to: 'flexattn' }],
    [[base, model('untrained', false, 'attention'), flexattn, lowRes], { from: 'low-res', to: 'flexattn' }],
    [[base, model('untrained', false, 'attention')], { from: 'base', to: 'untrained' }],
    // trained against untrained would credit FlexAttention with the training
    [[base, flexattn], undefined],
    [[base, lowRes], undefined],
  ])('of case %#', (models, pair) => {
    expect(headlinePair(models)).toEqual(pair);
  });
});
