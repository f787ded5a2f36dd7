import { FlexattnError } from '@flexattn/stage';

/**
 * What can be wrong with one item of a benchmark, or with one answer. Such an item is recorded, counted and shown;
 * it is never scored.
 */
export type ItemErrorCode =
  /** A model gave something that is no answer to the item: no text, or losses that are no numbers. */
  | 'ANSWER_INVALID'
  /** An answer is longer than any that a benchmark scores. */
  | 'ANSWER_TOO_LONG'
  /** A picture's text in a benchmark file is no base64. */
  | 'BAD_BASE64'
  /** A step of one's own benchmark threw. */
  | 'BENCHMARK_FAILED'
  /** An answer holds a box that is not four finite numbers. */
  | 'BOX_INVALID'
  /** Two questions have one id, so an answer could not be told from the other. */
  | 'DUPLICATE_ID'
  /** An option to choose from has no text, so it has no loss. */
  | 'EMPTY_OPTION'
  /** Two options are the same text, so nothing can tell them apart. */
  | 'EQUAL_OPTIONS'
  /** The text of a question holds the tag that stands for its picture. */
  | 'IMAGE_TAG_IN_TEXT'
  /** An item of a benchmark lacks a field, or has one of another kind. */
  | 'ITEM_INVALID'
  /**
   * The model failed at this item with an error that is none of ours. Remedy: see the message beside the
   * item; ask again once its cause is gone
   */
  | 'MODEL_FAILED'
  /** A benchmark file is not JSON. */
  | 'NOT_JSON'
  /** An answer that only a judge can score has no verdict; it is in no score. */
  | 'NOT_JUDGED'
  /** A question has no right answers to be scored against. */
  | 'NO_ANSWERS'
  /** A question has fewer than two options to choose from, or its right one is missing. */
  | 'NO_OPTIONS'
  /** A picture has no bytes. */
  | 'PICTURE_EMPTY'
  /** An item's picture is not there. */
  | 'PICTURE_MISSING'
  /**
   * A picture's name leaves the benchmark's folder; nothing outside is opened. Remedy: use a path inside
   * the folder, or copy the picture there
   */
  | 'PICTURE_OUTSIDE'
  /** A picture is there, and cannot be read or is too large. */
  | 'PICTURE_UNREADABLE'
  /** The published question file does not have this question. */
  | 'PROMPT_MISSING';

/** Codes of `EvalError`: those of items, and those that end a whole run. */
export type EvalErrorCode =
  | ItemErrorCode
  /** An item is answered twice in one file. */
  | 'ANSWER_DUPLICATE'
  /** Items that are to be scored or compared have no answer. */
  | 'ANSWER_MISSING'
  /** An answer's id is none of the items'. */
  | 'ANSWER_UNKNOWN'
  /** A line of a JSON lines file is not what the file holds. */
  | 'BAD_LINE'
  /** Files of a benchmark are missing from its folder. */
  | 'BENCHMARK_INCOMPLETE'
  /** A module does not export a benchmark, or two have one name. */
  | 'BENCHMARK_INVALID'
  /** No benchmark has this name. */
  | 'BENCHMARK_UNKNOWN'
  /** Two evaluations asked or scored in different ways, so their scores do not compare. */
  | 'COMPARE_DIFFERENT'
  /** Two evaluations have no benchmark in common. */
  | 'COMPARE_NOTHING'
  /** A gate names a figure that the evaluation does not have. */
  | 'GATE_METRIC'
  /** The items that were answered are not those of the benchmark's files any more. */
  | 'ITEMS_STALE'
  /** The judge could not be reached, or gave no verdict, after several tries. */
  | 'JUDGE_FAILED'
  /** The judge's server refuses the request: key, address or model are wrong. */
  | 'JUDGE_REFUSED'
  /**
   * The judge's address or module is none. Remedy: give an `http` or `https` address without a password; a
   * module exports `default { name, ask(messages, signal) }`
   */
  | 'JUDGE_SETTINGS'
  /** More answers lack a verdict than the settings allow. */
  | 'JUDGE_UNJUDGED'
  /** A model's name cannot be the name of a folder. */
  | 'MODEL_NAME'
  /** Not one item of a benchmark can be asked. */
  | 'NO_ITEMS'
  /** A figure of no values, or of two lists of different length, was asked for. */
  | 'NO_VALUES'
  /** A benchmark has no protocol of this name. */
  | 'PROTOCOL_UNKNOWN';

/** What goes wrong around benchmarks: their files, the answers to them, the figures made of both. */
export class EvalError extends FlexattnError<EvalErrorCode> {}
