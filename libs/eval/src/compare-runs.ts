import { comparePairs, type Comparison, type ScoredPair } from './compare.js';
import { EvalError } from './errors.js';
import type { AnswerLine, ModelResults } from './results.js';

/** A model that was evaluated: its results.json and the lines of its answers.jsonl. */
export interface EvaluatedModel {
  /** How messages and tables call it: a folder, a run. */
  label: string;
  results: ModelResults;
  answers: readonly AnswerLine[];
}

/** An item whose answer became right or wrong: its main metric went over 0.5, or below. */
export interface Flip {
  id: string;
  benchmark: string;
  category: string | null;
  from: number;
  to: number;
  /** The two answers, as they were read. */
  a: string | null;
  b: string | null;
}

/** What a second model does differently on the same items. Differences are b's scores minus a's. */
export interface RunComparison {
  a: string;
  b: string;
  /** Of every task and metric that both have. */
  comparisons: Comparison[];
  /** The tasks and categories whose main metric fell, the largest loss first. */
  regressions: Comparison[];
  flips: Flip[];
  /** Items that failed (no score) in one of the two: they are in no difference. */
  failed: { id: string; in: 'a' | 'b' | 'both'; code: string }[];
  /** What else differs between the two runs. */
  notes: string[];
}

/** Above this score an answer counts as right: soft accuracies lie between 0 and 1. */
const RIGHT = 0.5;

/**
 * Compares two evaluations item by item, benchmark by benchmark. Other questions, another protocol or other rules of a
 * benchmark: `COMPARE_DIFFERENT`; an item that one of the two lacks: `ANSWER_MISSING`, which names it; no benchmark in
 * both: `COMPARE_NOTHING`.
 *
 * @param seed - of the bootstrap; default: that of a's own intervals
 */
export function compareRuns(
  a: EvaluatedModel,
  b: EvaluatedModel,
  seed: number = a.results.config.seed,
): RunComparison {
  const names = Object.keys(a.results.config.benchmarks).filter(
    (name) => name in b.results.config.benchmarks,
  );
  if (names.length === 0) {
    throw new EvalError('COMPARE_NOTHING', `${a.label} and ${b.label} have no benchmark in common`, {
      hint: `the first has ${namesOf(a)}, the second ${namesOf(b)}`,
    });
  }
  for (const name of names) requireSameRules(name, a, b);
  const pairs = names.flatMap((name) => pairLines(name, a, b));
  const comparisons = names.flatMap((benchmark) =>
    comparePairs(
      pairs.flatMap(({ first, second }) => (first.benchmark === benchmark ? scoredPair(first, second) : [])),
      { a: a.label, b: b.label },
      { benchmark, metrics: a.results.config.benchmarks[benchmark]?.metrics ?? [], seed },
    ),
  );
  const isMain = ({ task, metric }: Comparison) => b.results.results[task]?.metric === metric;
  return {
    a: a.label,
    b: b.label,
    comparisons,
    regressions: comparisons
      .filter((one) => isMain(one) && one.difference < 0)
      .sort((one, other) => one.difference - other.difference),
    flips: pairs.flatMap(({ first, second }) => flipOf(first, second)),
    failed: pairs.flatMap(({ first, second }) => failureOf(first, second)),
    notes: notesOn(a, b, names),
  };
}

function namesOf({ results }: EvaluatedModel): string {
  return Object.keys(results.config.benchmarks).join(', ');
}

function requireSameRules(name: string, a: EvaluatedModel, b: EvaluatedModel): void {
  const facts = ({ results, answers }: EvaluatedModel) => ({
    protocol: results.config.benchmarks[name]?.protocol,
    version: results.versions[name],
    judge: answers.some((line) => line.benchmark === name && line.verdict !== null)
      ? results.config.judge
      : 'none',
    questions: results.hashes.benchmarks[name]?.questions,
  });
  const [first, second] = [facts(a), facts(b)];
  for (const fact of ['protocol', 'version', 'judge', 'questions'] as const) {
    if (first[fact] === second[fact]) continue;
    const what = `"${name}" has another ${fact} in ${b.label}: expected "${first[fact]}", got "${second[fact]}"`;
    throw new EvalError('COMPARE_DIFFERENT', what, { hint: 'score both with the same questions and rules' });
  }
}

interface LinePair {
  first: AnswerLine;
  second: AnswerLine;
}

/** The lines of a benchmark by id; each must be there once on both sides. */
function pairLines(name: string, a: EvaluatedModel, b: EvaluatedModel): LinePair[] {
  const firsts = linesById(name, a);
  const seconds = linesById(name, b);
  const missing = (id: string, { label }: EvaluatedModel) =>
    new EvalError('ANSWER_MISSING', `the item "${id}" is not in ${label}`, {
      hint: 'score all of its answers',
    });
  for (const id of seconds.keys()) if (!firsts.has(id)) throw missing(id, a);
  return [...firsts].map(([id, first]) => {
    const second = seconds.get(id);
    if (second === undefined) throw missing(id, b);
    return { first, second };
  });
}

function linesById(name: string, { label, answers }: EvaluatedModel): Map<string, AnswerLine> {
  const lines = new Map<string, AnswerLine>();
  for (const line of answers) {
    if (line.benchmark !== name) continue;
    if (lines.has(line.id)) {
      throw new EvalError('ANSWER_DUPLICATE', `the item "${line.id}" is twice in ${label}`, {
        hint: 'score the answers again',
      });
    }
    lines.set(line.id, line);
  }
  return lines;
}

function scoredPair(first: AnswerLine, second: AnswerLine): ScoredPair[] {
  if (first.scores === null || second.scores === null) return [];
  const { category, imageSha256 } = first;
  const metrics = Object.keys(first.scores);
  const figures = (scores: Record<string, number>) => metrics.map((metric) => scores[metric] ?? NaN);
  return [{ category, picture: imageSha256, a: figures(first.scores), b: figures(second.scores) }];
}

function flipOf(first: AnswerLine, second: AnswerLine): Flip[] {
  const { id, benchmark, category, score: from } = first;
  const to = second.score;
  if (from === null || to === null || from > RIGHT === to > RIGHT) return [];
  return [{ id, benchmark, category, from, to, a: first.extracted, b: second.extracted }];
}

function failureOf(first: AnswerLine, second: AnswerLine): RunComparison['failed'] {
  const error = second.error ?? first.error;
  if (error === null) return [];
  const where = first.error === null ? 'b' : second.error === null ? 'a' : 'both';
  return [{ id: first.id, in: where, code: error.code }];
}

/** What a reader should know before believing the differences. */
function notesOn(a: EvaluatedModel, b: EvaluatedModel, names: readonly string[]): string[] {
  const onlyIn = (one: EvaluatedModel, other: EvaluatedModel) =>
    Object.keys(one.results.config.benchmarks)
      .filter((name) => !(name in other.results.config.benchmarks))
      .map((name) => `"${name}" is in ${one.label} only`);
  const differing = names.flatMap((name) =>
    (['prompts', 'pictures'] as const)
      .filter(
        (part) => a.results.hashes.benchmarks[name]?.[part] !== b.results.hashes.benchmarks[name]?.[part],
      )
      .map((part) => `"${name}": other ${part}`),
  );
  const { weights } = a.results.hashes;
  const same = weights !== null && weights === b.results.hashes.weights ? ['both have the same weights'] : [];
  return [...onlyIn(a, b), ...onlyIn(b, a), ...differing, ...same];
}
