import { FlexattnError } from '@flexattn/stage';

/** Why training, its data or its Python environment was refused or failed. */
export type TrainErrorCode =
  // settings and what they meet
  | 'BAD_SETTINGS'
  | 'NOT_INITIALISED'
  | 'NO_VISION_TOWER'
  | 'OUT_EXISTS'
  | 'TOO_FEW_GPUS'
  | 'RENDEZVOUS_UNREACHABLE'
  // training data
  | 'BAD_SAMPLE'
  | 'BAD_TOKENS'
  | 'NO_ANSWERS'
  | 'TOKENIZER_DIFFERS'
  // the interpreter
  | 'PYTHON_MISSING'
  | 'PYTHON_TOO_OLD'
  | 'TORCH_TOO_OLD'
  | 'PACKAGES_MISSING'
  | 'ENVIRONMENT_FAILED'
  // Slurm
  | 'SLURM_MISSING'
  | 'SLURM_REFUSED'
  | 'SLURM_UNREACHABLE'
  | 'JOB_RUNNING'
  // the trainer
  | 'TRAINING_FAILED'
  | 'BAD_OUTPUT';

/** An error of this lib; `code` tells which, `file` and `item` where. */
export class TrainError extends FlexattnError<TrainErrorCode> {}
