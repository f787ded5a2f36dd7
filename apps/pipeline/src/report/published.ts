import type { EvalResults } from '@flexattn/eval';

/** What the FlexAttention paper (arXiv 2407.20228) reports for a task, in percent. */
export interface PublishedFigures {
  task: string;
  /** LLaVA-1.5-7B at 336 px. */
  lowRes: number;
  /** LLaVA-FlexAttn, 7B, at 1008 px. */
  flexAttention: number;
}

/** The metric, by task, that the paper's figures are of. */
const METRICS: Record<string, string> = {
  textvqa: 'vqa_accuracy_plain',
  vstar: 'accuracy_plain',
  vstar_direct_attributes: 'accuracy_plain',
  vstar_relative_position: 'accuracy_plain',
  magnifier: 'accuracy_multi',
};

const FIGURES: readonly PublishedFigures[] = [
  { task: 'textvqa', lowRes: 46.0, flexAttention: 48.9 },
  { task: 'vstar', lowRes: 47.6, flexAttention: 54.5 },
  { task: 'vstar_direct_attributes', lowRes: 41.7, flexAttention: 47.8 },
  { task: 'vstar_relative_position', lowRes: 56.6, flexAttention: 64.5 },
  { task: 'magnifier', lowRes: 26.8, flexAttention: 35.0 },
];

/**
 * The paper's figures for the tasks on which they can be compared: every model was scored on all items that the
 * published benchmark has, by the same metric.
 */
export function comparableFigures({
  models,
  results,
  'n-samples': counts,
}: Pick<EvalResults, 'models' | 'results' | 'n-samples'>): PublishedFigures[] {
  return FIGURES.filter(({ task }) => {
    const [benchmark = task] = task.split('_');
    const { published, effective } = counts[benchmark] ?? {};
    return models.every(
      (model) =>
        published !== undefined &&
        effective?.[model] === published &&
        results[model]?.[task]?.metric === METRICS[task],
    );
  });
}
