import type { FlexAttentionModel, GenerateRequest } from '@flexattn/flexattn-runtime';
import { span } from './medians.js';
import { resultOf, type BenchResult } from './result.js';

/** Answers of each kind, a repetition. */
const ANSWERS = 3;
/** An explanation may take a tenth more than its answer. */
const AT_MOST = 1.1;

/** The same answer with and without its explanation, taking turns. */
export class Explained {
  readonly #times = { generate: [] as number[], explain: [] as number[] };

  /** @param request - about a picture that the model knows: encoding it would hide what explaining adds */
  async measure(model: FlexAttentionModel, request: GenerateRequest): Promise<void> {
    for (let i = 0; i < ANSWERS; i++)
      for (const way of ['generate', 'explain'] as const) {
        const begin = performance.now();
        await model[way](request);
        this.#times[way].push((performance.now() - begin) / 1000);
      }
  }

  /** Prints both and compares them. */
  result(): BenchResult {
    const { generate, explain } = this.#times;
    console.log(
      `${'answer and explanation'.padEnd(30)} generate ${span(generate)}   explain ${span(explain)}`,
    );
    const work = 'answer and its explanation';
    return resultOf({ work, ours: explain, baseline: generate, against: 'answer alone', bound: 1 / AT_MOST });
  }
}
