import type { EvalResults } from './results.js';

/** What the FlexAttention paper (arXiv 2407.20228) reports for a task, in percent. */
export interface PublishedFigures {
  task: string;
  /** LLaVA-1.5-7B, 336 px. */
  llava: number;
  /** LLaVA-HD, 448 px. */
  llavaHd: number;
  /** LLaVA-XAttn, 1008 px: every high-resolution token is attended to. */
  crossAttention: number;
  /** LLaVA-FlexAttn, 1008 px. */
  flexAttention: number;
}

/** The metric, by task, that the paper's figures are of. */
const METRICS: Readonly<Record<string, string>> = {
  textvqa: 'vqa_accuracy_plain',
  vstar: 'accuracy_plain',
  vstar_direct_attributes: 'accuracy_plain',
  vstar_relative_position: 'accuracy_plain',
  magnifier: 'accuracy_multi',
  'rsvqa-hrben': 'accuracy_plain',
};

const FIGURES: readonly PublishedFigures[] = [
  { task: 'textvqa', llava: 46.0, llavaHd: 45.6, crossAttention: 45.5, flexAttention: 48.9 },
  { task: 'vstar', llava: 47.6, llavaHd: 51.8, crossAttention: 48.2, flexAttention: 54.5 },
  { task: 'vstar_direct_attributes', llava: 41.7, llavaHd: 45.2, crossAttention: 42.6, flexAttention: 47.8 },
  { task: 'vstar_relative_position', llava: 56.6, llavaHd: 61.8, crossAttention: 56.6, flexAttention: 64.5 },
  { task: 'magnifier', llava: 26.8, llavaHd: 35.0, crossAttention: 32.2, flexAttention: 35.0 },
  { task: 'rsvqa-hrben', llava: 68.4, llavaHd: 68.4, crossAttention: 71.1, flexAttention: 72.7 },
];

/**
 * The paper's figures for the tasks on which they can be compared: every model was scored on all items that the
 * published benchmark has, none more, by the same metric of the same protocol.
 */
export function publishedFigures({
  models,
  results,
  'n-samples': counts,
}: Pick<EvalResults, 'models' | 'results' | 'n-samples'>): PublishedFigures[] {
  return FIGURES.filter(({ task }) => {
    const [benchmark = task] = task.split('_');
    const { published, original, effective } = counts[benchmark] ?? {};
    return models.every(
      (model) =>
        published !== undefined &&
        original === published &&
        effective?.[model] === published &&
        results[model]?.[task]?.metric === METRICS[task],
    );
  });
}
