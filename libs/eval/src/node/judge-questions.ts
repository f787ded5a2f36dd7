import { createHash } from 'node:crypto';
import { canonicalJson, createProgress } from '@flexattn/stage';
import pLimit from 'p-limit';
import { EvalError } from '../errors.js';
import { judgeMessages, parseVerdict, type Judge } from '../judge.js';
import type { JudgeQuestion, Verdict } from '../metric.js';
import { openJournal } from './journal.js';

/** Requests at once: what small plans of endpoints allow. */
const CONCURRENT_REQUESTS = 8;

export interface JudgeOptions {
  judge: Judge;
  /** Folder of the verdicts that are kept; left out: none is. */
  kept?: string | undefined;
  /** Requests at once; default 8. */
  concurrency?: number | undefined;
}

export interface JudgeRunOptions {
  /** More without a verdict end the run at once: a judge that is down is not asked 5,000 times. */
  maxUnjudged?: number | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
}

/** A verdict, or why there is none. */
export type Judgement = { verdict: Verdict } | { unjudged: string };

/**
 * Asks a judge about each question, equal ones once, and not at all where its verdict is kept. In the order of the
 * questions, the same at any concurrency. Verdicts are kept one by one: stopped and run again, only what is missing is sent.
 */
export async function judgeQuestions(
  questions: readonly JudgeQuestion[],
  { judge, kept, concurrency = CONCURRENT_REQUESTS }: JudgeOptions,
  { maxUnjudged = Infinity, signal, quiet }: JudgeRunOptions = {},
): Promise<Judgement[]> {
  if (questions.length === 0) return [];
  const journal = kept === undefined ? undefined : await openJournal(kept);
  const judged = new Map<string, Promise<Judgement>>();
  const progress = createProgress({ label: 'judge', total: questions.length, unit: 'answers', quiet });
  // One failure that ends the run stops what is queued.
  const stop = new AbortController();
  const limit = pLimit(concurrency);
  let unjudged = 0;
  const judgeOnce = async (key: string, question: JudgeQuestion): Promise<Judgement> => {
    stop.signal.throwIfAborted();
    const before = parseVerdict(String(await journal?.get(key)));
    if (before !== null) return { verdict: before };
    const combined = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    combined.throwIfAborted();
    const judgement = await ask(judge, question, combined);
    if ('verdict' in judgement) await journal?.keep(key, judgement.verdict);
    else if ((unjudged += 1) > maxUnjudged) throw gaveUp(unjudged, judgement.unjudged);
    return judgement;
  };
  try {
    return await Promise.all(
      questions.map(async (question) => {
        const key = keyOf(judge, question);
        const pending = judged.get(key) ?? limit(() => judgeOnce(key, question));
        judged.set(key, pending);
        const judgement = await pending;
        progress.advance(1);
        return judgement;
      }),
    );
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(judged.values());
    throw error;
  } finally {
    await journal?.close();
    progress.finish();
  }
}

async function ask(judge: Judge, question: JudgeQuestion, signal: AbortSignal): Promise<Judgement> {
  try {
    const verdict = parseVerdict(await judge.ask(judgeMessages(question), signal));
    return verdict === null ? { unjudged: 'the reply is neither yes nor no' } : { verdict };
  } catch (error) {
    if (error instanceof EvalError && error.code === 'JUDGE_FAILED') return { unjudged: error.message };
    throw error;
  }
}

function gaveUp(unjudged: number, why: string): EvalError {
  return new EvalError('JUDGE_UNJUDGED', `${unjudged} answers got no verdict, the last because: ${why}`, {
    hint: 'run again: verdicts that are there are kept',
    exitCode: 1,
  });
}

function keyOf({ name }: Judge, question: JudgeQuestion): string {
  return createHash('sha256')
    .update(canonicalJson({ name, messages: judgeMessages(question) }))
    .digest('hex');
}
