import type { Asked } from './asked.js';
import { EvalError } from '../errors.js';
import type { JudgeQuestion } from '../metric.js';
import { judgeQuestions, type Judgement, type JudgeOptions } from './judge-questions.js';
import type { ReadAnswer } from './read-answers.js';

/** 0.5 %: more answers without a verdict could move a score of 283 items by as much as its standard error. */
const MAX_UNJUDGED = 0.005;
/** As many are borne in any case before the rest is not asked: a short failure of the judge is no reason to stop. */
const BORNE = 20;

/** A model with its answers by item id. */
export interface AnsweredModel {
  model: string;
  answers: ReadonlyMap<string, ReadAnswer>;
}

interface JudgedItem {
  id: string;
  question: JudgeQuestion;
}

/**
 * The answers with a judge's verdict on those that need one. A share of more than 0.5 % that it gives no verdict on ends
 * the run (`JUDGE_UNJUDGED`, exit 1); the verdicts that are there are kept.
 */
export async function judgeAnswers(
  { model, answers }: AnsweredModel,
  asked: readonly Asked[],
  judge: JudgeOptions,
  options: { signal?: AbortSignal | undefined; quiet?: boolean | undefined },
): Promise<AnsweredModel> {
  const judged = new Map(answers);
  for (const one of asked) {
    const items = questionsOf(one, answers);
    const judgements = await judgeQuestions(
      items.map(({ question }) => question),
      judge,
      { ...options, maxUnjudged: Math.max(BORNE, MAX_UNJUDGED * items.length) },
    );
    requireVerdicts(`${model}, ${one.benchmark.name}`, items, judgements);
    judgements.forEach((judgement, i) => {
      const id = items[i]?.id ?? '';
      const read = answers.get(id);
      if (read === undefined || !('text' in read.answer)) return;
      judged.set(
        id,
        'verdict' in judgement
          ? { ...read, answer: { ...read.answer, verdict: judgement.verdict } }
          : { ...read, unjudged: judgement.unjudged },
      );
    });
  }
  return { model, answers: judged };
}

function questionsOf(
  { benchmark, items, statistics: { protocol } }: Asked,
  answers: ReadonlyMap<string, ReadAnswer>,
): JudgedItem[] {
  return items.flatMap((item) => {
    const answer = answers.get(item.id)?.answer;
    if (answer === undefined || !('text' in answer)) return [];
    const question = benchmark.judgeQuestion?.(item, answer.text, protocol);
    return question === undefined ? [] : [{ id: item.id, question }];
  });
}

function requireVerdicts(
  where: string,
  items: readonly JudgedItem[],
  judgements: readonly Judgement[],
): void {
  const without = judgements.flatMap((judgement, i) =>
    'unjudged' in judgement ? [{ id: items[i]?.id ?? '', why: judgement.unjudged }] : [],
  );
  const [first] = without;
  if (first === undefined || without.length <= MAX_UNJUDGED * judgements.length) return;
  throw new EvalError(
    'JUDGE_UNJUDGED',
    `${without.length} of ${judgements.length} answers have no verdict, at most ${100 * MAX_UNJUDGED} % may; the first is "${first.id}": ${first.why}`,
    { item: where, hint: 'run again: verdicts that are there are kept', exitCode: 1 },
  );
}
