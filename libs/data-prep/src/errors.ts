import { FlexattnError } from '@flexattn/stage';

/** Why a whole run stops. What is wrong with one sample is a `DropCode` instead. */
export type DataPrepErrorCode =
  /**
   * A setting of `cleanDataset` is unknown or of another kind than documented. Remedy: the message names
   * the setting; `flexattn clean --help` lists them all
   */
  | 'BAD_OPTION'
  /** No annotation file under the given name. */
  | 'ANNOTATIONS_MISSING'
  /** The annotation file is not JSON: line, column and byte offset are in the message. */
  | 'NOT_JSON'
  /**
   * The annotation file is neither an array of samples nor JSON lines. Remedy: name the annotation file: an
   * array of samples, or one sample a line
   */
  | 'NOT_SAMPLES'
  /** The annotation file ends before its last sample or its array does. Remedy: fetch it again */
  | 'CUT_SHORT'
  /** The annotation file begins like gzip and cannot be unpacked. */
  | 'BAD_GZIP'
  /** The image root is not there, or is not a folder. */
  | 'IMAGE_ROOT_MISSING'
  /** The image root went away during the run: nothing is written rather than everything dropped. */
  | 'IMAGE_ROOT_VANISHED'
  /** The folders to be merged are not all shards of one run, each once. */
  | 'BAD_SHARDS'
  /** `readSamples` met a sample that `cleanDataset` would drop. */
  | 'BAD_SAMPLE';

/** A refusal by this library; `file` names the file, `item` the sample's index. */
export class DataPrepError extends FlexattnError<DataPrepErrorCode> {}
