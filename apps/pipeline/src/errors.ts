import { FlexattnError } from '@flexattn/stage';

/** Codes of the errors that the command raises itself. */
export type PipelineErrorCode =
  /** An argument of the command is none that it takes. */
  | 'BAD_ARGUMENT'
  /**
   * A configuration, or a group of options in its place, is incomplete, contradicts itself, or is not
   * there.
   */
  | 'BAD_CONFIG'
  /**
   * `flexattn compare` found a figure below what was asked for, or a regression. Remedy: see the figures it
   * printed; lower the gate only where the loss is meant
   */
  | 'GATE_FAILED'
  /** What a stage reads changed between the look at it and the work. Remedy: start again when nothing writes there. */
  | 'INPUT_CHANGED'
  /** A file or folder that a stage reads is not there. */
  | 'INPUT_MISSING'
  /**
   * Answers lack items that every worker died of; the others are written. Remedy: see their `WORKER_DIED`
   * lines in the answers; give the workers more memory, or fewer of them (`infer.workers`)
   */
  | 'ITEMS_FAILED'
  /** Tasks of an earlier start of the same work are still in Slurm's queue. */
  | 'JOB_RUNNING'
  /** Data or weights are not the ones that `flexattn.lock.json` names. */
  | 'LOCK_DIFFERS'
  /** Files lie where a stage's artifacts would be, and no stage wrote them. */
  | 'OUT_EXISTS'
  /** The question from standard input is longer than a model could read. */
  | 'QUESTION_TOO_LONG'
  /** A stage needs what an earlier one writes, and that is missing, stale or damaged. */
  | 'STAGE_NOT_RUN'
  /**
   * Tasks of a Slurm array failed, or left answers out. Remedy: see the log that the message names; the same
   * command repeats only tasks that did not end well
   */
  | 'TASKS_FAILED'
  /**
   * Golden cases give other results here, or files have other hashes than the list. Remedy: see which in
   * the lines above; fetch those files again, or mend what changed the numbers
   */
  | 'VERIFY_FAILED'
  /**
   * `flexattn diff-weights` found tensors that differ. Remedy: none where a difference was expected: the
   * report says which tensors, and by how much
   */
  | 'WEIGHTS_DIFFER';

/** What goes wrong between the stages: configuration, order, missing inputs. */
export class PipelineError extends FlexattnError<PipelineErrorCode> {}
