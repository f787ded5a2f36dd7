import type { EvalResults, PublishedFigures } from './results.js';

/** The metric of each task that the figures are of; its name holds the protocol. */
const METRICS = {
  textvqa: 'vqa_accuracy_plain',
  vstar: 'accuracy_plain',
  vstar_direct_attributes: 'accuracy_plain',
  vstar_relative_position: 'accuracy_plain',
  magnifier: 'accuracy_multi',
  'rsvqa-hrben': 'accuracy_plain_mean',
} as const;

const FIGURES: Record<keyof typeof METRICS, [llava: number, hd: number, cross: number, flex: number]> = {
  textvqa: [46.0, 45.6, 45.5, 48.9],
  vstar: [47.6, 51.8, 48.2, 54.5],
  vstar_direct_attributes: [41.7, 45.2, 42.6, 47.8],
  vstar_relative_position: [56.6, 61.8, 56.6, 64.5],
  magnifier: [26.8, 35.0, 32.2, 35.0],
  'rsvqa-hrben': [68.4, 68.4, 71.1, 72.7],
};

const PUBLISHED = (Object.keys(METRICS) as (keyof typeof METRICS)[]).map((task): PublishedFigures => {
  const [llava, llavaHd, crossAttention, flexAttention] = FIGURES[task];
  return { task, metric: METRICS[task], llava, llavaHd, crossAttention, flexAttention };
});

/**
 * The paper's figures for the tasks on which they can be compared: every model was scored on all items that the
 * published benchmark has, none more, by the same metric of the same protocol.
 */
export function publishedFigures({
  models,
  results,
  'n-samples': counts,
}: Pick<EvalResults, 'models' | 'results' | 'n-samples'>): PublishedFigures[] {
  return PUBLISHED.filter(({ task, metric }) => {
    const [benchmark = task] = task.split('_');
    const { published, original, effective } = counts[benchmark] ?? {};
    return models.every(
      (model) =>
        published !== undefined &&
        original === published &&
        effective?.[model] === published &&
        typeof results[model]?.[task]?.[metric] === 'number',
    );
  });
}
