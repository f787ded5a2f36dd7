import { FlexattnError } from '@flexattn/stage';

/** Why training, its data or its Python environment was refused or failed. */
export type TrainErrorCode =
  // settings and what they meet
  | 'BAD_SETTINGS'
  | 'NOT_INITIALISED'
  | 'OUT_EXISTS'
  // training data
  | 'BAD_SAMPLE'
  | 'BAD_TOKENS'
  | 'NO_ANSWERS'
  // the interpreter
  | 'PYTHON_MISSING'
  | 'PYTHON_TOO_OLD'
  | 'PACKAGES_MISSING'
  | 'ENVIRONMENT_FAILED'
  // the trainer
  | 'TRAINING_FAILED'
  | 'BAD_OUTPUT';

/** An error of this lib; `code` tells which, `file` and `item` where. */
export class TrainError extends FlexattnError<TrainErrorCode> {}
