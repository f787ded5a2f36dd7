import { FlexattnError } from '@flexattn/stage';

/** Why a checkpoint, a weight file or a configuration was refused. */
export type ModelPrepErrorCode =
  // one .safetensors file
  | 'FILE_TRUNCATED'
  | 'TRAILING_BYTES'
  | 'HEADER_TOO_SMALL'
  | 'HEADER_TOO_LARGE'
  | 'HEADER_NOT_UTF8'
  | 'HEADER_NOT_JSON'
  | 'BAD_METADATA'
  | 'DUPLICATE_NAME'
  | 'UNKNOWN_FIELD'
  | 'MISSING_FIELD'
  | 'BAD_DTYPE'
  | 'BAD_SHAPE'
  | 'BAD_OFFSETS'
  | 'NUMBER_TOO_LARGE'
  | 'SIZE_MISMATCH'
  | 'OVERLAP'
  | 'HOLE'
  // a folder of them
  | 'FOLDER_MISSING'
  | 'CONFIG_MISSING'
  | 'NOT_A_CHECKPOINT'
  | 'BAD_CONFIG'
  | 'NO_WEIGHTS'
  | 'PYTORCH_WEIGHTS'
  | 'AMBIGUOUS_WEIGHTS'
  | 'BAD_INDEX'
  | 'SHARD_MISSING'
  | 'TENSOR_NOT_IN_SHARD'
  | 'TENSOR_IN_TWO_SHARDS'
  | 'TENSOR_NOT_IN_INDEX'
  | 'TENSOR_MISSING'
  | 'SHAPE_MISMATCH'
  | 'LAYER_COUNT_MISMATCH'
  | 'TENSOR_TOO_LARGE'
  | 'DTYPE_UNSUPPORTED'
  // the initialisation
  | 'PARTLY_TRAINED'
  | 'LINK_ESCAPE'
  | 'NOT_A_REGULAR_FILE'
  | 'NAME_TAKEN'
  | 'OUT_EXISTS'
  | 'OUT_OVERLAPS';

/** A refusal by this library; `code` tells which one, `file` and `item` (a tensor or a key) where. */
export class ModelPrepError extends FlexattnError<ModelPrepErrorCode> {}
