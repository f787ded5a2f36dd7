import type { AnswerLine } from '@flexattn/eval';
import { questionOf } from './question.js';
import type { InlinePicture, Sample, SampleRegions } from './sample-section.js';
import { taskTitle } from './tasks.js';

/** What an item is shown with. */
export interface SampleParts {
  /** All models, in the order of the run. */
  models: readonly string[];
  picture: InlinePicture;
  regions: SampleRegions | null;
}

/** One item for the page, as any of its lines has it, with the answers of all its lines that have a score. */
export function sampleOf(
  item: AnswerLine,
  lines: readonly AnswerLine[],
  { models, picture, regions }: SampleParts,
): Sample {
  const { id, benchmark, category, prompt, options, targets, stretch } = item;
  return {
    id,
    title: taskTitle({ benchmark, part: category }),
    question: questionOf(prompt),
    options,
    targets,
    picture,
    stretched: stretch,
    answers: models.flatMap((model, position) => {
      const line = lines.find((one) => one.model === model);
      if (line === undefined || line.score === null) return [];
      const { answer, extracted, score, losses } = line;
      return [{ model, position, text: answer ?? extracted, score, losses }];
    }),
    regions,
  };
}
