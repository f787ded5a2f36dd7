import type { BenchmarkSteps } from './benchmark.js';
import { parseBox } from './box.js';
import { EvalError } from './errors.js';
import { namedMetrics, type MetricName } from './named-metrics.js';
import { plainAnswer, yesNo } from './plain-answer.js';
import { letterRequest, MAX_NEW_TOKENS, shortAnswerPrompt, visualPrompt } from './prompt.js';
import { summariseParts } from './summary.js';

/** The protocol of a JSON lines benchmark in which the question is asked as it stands. */
const BARE = 'bare';

/**
 * The pure steps of a benchmark that is a JSON lines file with a named metric. Protocol `short` adds LLaVA's line for
 * short answers; `bare` asks the question as it stands, as `iou` always does. Lettered options are asked for their letter.
 */
export function jsonlSteps(name: string, metric: MetricName, file: string): BenchmarkSteps {
  const { kind, about, extract, score } = namedMetrics[metric];
  return {
    name,
    about: `${file}: ${about}`,
    version: '1',
    protocols: ['short', BARE],
    published: { files: [file], source: 'where you keep it' },
    metrics: (protocol) => [{ name: `${metric}_${protocol}`, kind }],
    prompt: (item, protocol) => {
      if (item.lettered === true) return letterRequest(item);
      const { question, options } = item;
      const isBare = protocol === BARE || metric === 'iou';
      const prompt = isBare ? visualPrompt(question) : shortAnswerPrompt(question);
      if (options.length > 0) return { prompt, options };
      return { prompt, maxNewTokens: MAX_NEW_TOKENS, ...(metric === 'iou' ? { stretch: true } : {}) };
    },
    extract,
    score: (item, extraction) => [score(item, extraction)],
    aggregate: summariseParts,
  };
}

/** What targets of some metrics must be, lest no answer could be right. */
const TARGETS: Partial<Record<MetricName, { expected: string; fits: (target: string) => boolean }>> = {
  exact: { expected: 'text', fits: (target) => plainAnswer(target) !== '' },
  iou: { expected: 'a box [x1, y1, x2, y2]', fits: (target) => parseBox(target) !== null },
  yesno: { expected: 'yes or no', fits: (target) => yesNo(target) !== null },
};

/** Refuses targets to which no answer could be right under the metric: `ITEM_INVALID`. */
export function checkTargets(metric: MetricName, targets: readonly string[], item: string): void {
  const { expected = '', fits } = TARGETS[metric] ?? {};
  const bad = targets.find((target) => fits?.(target) === false);
  if (bad === undefined) return;
  const what = `answers: the metric "${metric}" expects ${expected}, got ${JSON.stringify(bad)}`;
  throw new EvalError('ITEM_INVALID', what, { item, hint: 'mend the line, or choose another metric' });
}
