import { FlexattnError } from '@flexattn/stage';

/** Every way in which this library refuses its input. */
export type RuntimeErrorCode =
  /** A conversation has no question with an answer, or turns out of order. */
  | 'BAD_CONVERSATION'
  /** A line of items.jsonl is no question about a picture. */
  | 'BAD_ITEM'
  /** An option to be scored is empty, or is no text of this tokenizer. */
  | 'BAD_OPTION'
  /** A prompt's token ids, or the number of new tokens, are out of range. */
  | 'BAD_PROMPT'
  /**
   * ONNX Runtime cannot use the device that was asked for. Remedy: `flexattn doctor` says what is missing
   * and the commands that add it; `--device cpu` always works
   */
  | 'DEVICE_ABSENT'
  /** A golden case lacks a file or a tensor of its expected results. Remedy: copy the golden case again */
  | 'GOLDEN_UNREADABLE'
  /** A picture's bytes are not those that the item was made with. */
  | 'IMAGE_CHANGED'
  /** A picture has more pixels than are decoded. */
  | 'IMAGE_TOO_LARGE'
  /** A picture is of no known format, or damaged. */
  | 'IMAGE_UNREADABLE'
  /** A file of a compiled model is missing, cut short or changed. */
  | 'MODEL_DAMAGED'
  /** `explain` was asked about a token that the answer does not have. */
  | 'NO_SUCH_TOKEN'
  /** A model was asked after it had been closed. */
  | 'MODEL_CLOSED'
  /** A model would be compiled into the checkpoint itself. */
  | 'OUT_IS_CHECKPOINT'
  /** The model and what it computes do not fit into the memory that is free. */
  | 'OUT_OF_MEMORY'
  /** A prompt has no `<image>`, or more than one. */
  | 'PROMPT_IMAGE_TAGS'
  /** Prompt and answer together are longer than the model's positions. */
  | 'PROMPT_TOO_LONG'
  /** The checkpoint lacks a tensor that the graphs read. */
  | 'TENSOR_MISSING'
  /**
   * A tensor has another shape than config.json says. Remedy: weights and config.json are of different
   * models: fetch both from one place
   */
  | 'TENSOR_SHAPE'
  /** The tokenizer's file is damaged, or of a kind that is not read. */
  | 'TOKENIZER_INVALID'
  /** The folder has no tokenizer. */
  | 'TOKENIZER_MISSING'
  /** A prompt's tokens depend on the text behind it, so no loss can be given to the answer alone. */
  | 'TOKENIZER_UNSTABLE'
  /** Something in the checkpoint, or a setting that only compiling can give, is not implemented here. */
  | 'UNSUPPORTED_CONFIG'
  /** A weight is infinite or no number. */
  | 'WEIGHTS_NOT_FINITE'
  /** Worker processes end before they can answer. */
  | 'WORKERS_DIE';

/** A mistake in what the runtime was given: its code, and where known the file, the item and what to do. */
export class RuntimeError extends FlexattnError<RuntimeErrorCode> {}
