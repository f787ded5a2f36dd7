import { FlexattnError } from '@flexattn/stage';

/** Every way in which this library refuses its input. */
export type RuntimeErrorCode =
  | 'BAD_CONVERSATION'
  | 'BAD_ITEM'
  | 'BAD_OPTION'
  | 'BAD_PROMPT'
  | 'DEVICE_ABSENT'
  | 'GOLDEN_UNREADABLE'
  | 'IMAGE_CHANGED'
  | 'IMAGE_TOO_LARGE'
  | 'IMAGE_UNREADABLE'
  | 'MODEL_DAMAGED'
  | 'NO_SUCH_TOKEN'
  | 'MODEL_CLOSED'
  | 'OUT_IS_CHECKPOINT'
  | 'OUT_OF_MEMORY'
  | 'PROMPT_IMAGE_TAGS'
  | 'PROMPT_TOO_LONG'
  | 'TENSOR_MISSING'
  | 'TENSOR_SHAPE'
  | 'TOKENIZER_INVALID'
  | 'TOKENIZER_MISSING'
  | 'TOKENIZER_UNSTABLE'
  | 'UNSUPPORTED_CONFIG'
  | 'WEIGHTS_NOT_FINITE'
  | 'WORKERS_DIE';

/** A mistake in what the runtime was given: its code, and where known the file, the item and what to do. */
export class RuntimeError extends FlexattnError<RuntimeErrorCode> {}
