import { FlexattnError } from '@flexattn/stage';

/** Why training, its data or its Python environment was refused or failed. */
export type TrainErrorCode =
  // settings and what they meet
  /** Settings of the training contradict each other, the model or the data. */
  | 'BAD_SETTINGS'
  /** The checkpoint has no high-resolution projections. */
  | 'NOT_INITIALISED'
  /** The checkpoint's CLIP tower is no folder here. */
  | 'NO_VISION_TOWER'
  /** The output folder holds another run. */
  | 'OUT_EXISTS'
  /** There are more processes than visible GPUs. */
  | 'TOO_FEW_GPUS'
  /** The first machine of several cannot be reached. */
  | 'RENDEZVOUS_UNREACHABLE'
  // training data
  /**
   * A sample of the training data cannot be tokenised. Remedy: clean the annotations first; the message
   * says what was expected
   */
  | 'BAD_SAMPLE'
  /** The training data are damaged, or do not belong to the checkpoint. */
  | 'BAD_TOKENS'
  /** The training data hold no answer to learn from. */
  | 'NO_ANSWERS'
  /** The training data were made with another tokenizer. */
  | 'TOKENIZER_DIFFERS'
  // the interpreter
  /** No Python interpreter runs here. */
  | 'PYTHON_MISSING'
  /** The Python interpreter is older than the trainer needs. */
  | 'PYTHON_TOO_OLD'
  /** PyTorch is older than the trainer needs. */
  | 'TORCH_TOO_OLD'
  /** The interpreter lacks packages that the trainer imports. */
  | 'PACKAGES_MISSING'
  /** The virtual environment for training could not be made. */
  | 'ENVIRONMENT_FAILED'
  // Slurm
  /** A job of an earlier start of the same run is still in the queue. */
  | 'JOB_RUNNING'
  // the trainer
  /**
   * The trainer ended with an error. Remedy: its last lines stand in the message, the whole log in the
   * run's `launch` folder; the same command goes on from the last kept state
   */
  | 'TRAINING_FAILED'
  /** The trainer ended well, and left no complete checkpoint. */
  | 'BAD_OUTPUT';

/** An error of this lib; `code` tells which, `file` and `item` where. */
export class TrainError extends FlexattnError<TrainErrorCode> {}
