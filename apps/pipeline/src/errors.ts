import { FlexattnError } from '@flexattn/stage';

/** Codes of the errors that the command raises itself. */
export type PipelineErrorCode =
  | 'BAD_ARGUMENT'
  | 'BAD_CONFIG'
  | 'GATE_FAILED'
  | 'INPUT_MISSING'
  | 'ITEMS_FAILED'
  | 'LOCK_DIFFERS'
  | 'QUESTION_TOO_LONG'
  | 'STAGE_NOT_RUN'
  | 'VERIFY_FAILED'
  | 'WEIGHTS_DIFFER';

/** What goes wrong between the stages: configuration, order, missing inputs. */
export class PipelineError extends FlexattnError<PipelineErrorCode> {}
