import { FlexattnError } from '@flexattn/stage';

/**
 * What can be wrong with one item of a benchmark, or with one answer. Such an item is recorded, counted and shown;
 * it is never scored.
 */
export type ItemErrorCode =
  | 'ANSWER_INVALID'
  | 'ANSWER_TOO_LONG'
  | 'BAD_BASE64'
  | 'BENCHMARK_FAILED'
  | 'BOX_INVALID'
  | 'DUPLICATE_ID'
  | 'EMPTY_OPTION'
  | 'EQUAL_OPTIONS'
  | 'IMAGE_TAG_IN_TEXT'
  | 'ITEM_INVALID'
  | 'MODEL_FAILED'
  | 'NOT_JSON'
  | 'NOT_JUDGED'
  | 'NO_ANSWERS'
  | 'NO_OPTIONS'
  | 'PICTURE_EMPTY'
  | 'PICTURE_MISSING'
  | 'PICTURE_OUTSIDE'
  | 'PICTURE_UNREADABLE'
  | 'PROMPT_MISSING';

/** Codes of `EvalError`: those of items, and those that end a whole run. */
export type EvalErrorCode =
  | ItemErrorCode
  | 'ANSWER_DUPLICATE'
  | 'ANSWER_MISSING'
  | 'ANSWER_UNKNOWN'
  | 'BAD_LINE'
  | 'BENCHMARK_INCOMPLETE'
  | 'BENCHMARK_INVALID'
  | 'BENCHMARK_UNKNOWN'
  | 'COMPARE_DIFFERENT'
  | 'COMPARE_NOTHING'
  | 'GATE_METRIC'
  | 'ITEMS_STALE'
  | 'JUDGE_FAILED'
  | 'JUDGE_REFUSED'
  | 'JUDGE_SETTINGS'
  | 'JUDGE_UNJUDGED'
  | 'MODEL_NAME'
  | 'NO_ITEMS'
  | 'NO_VALUES'
  | 'PROTOCOL_UNKNOWN';

/** What goes wrong around benchmarks: their files, the answers to them, the figures made of both. */
export class EvalError extends FlexattnError<EvalErrorCode> {}
