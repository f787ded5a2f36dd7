export {
  ModelPrepError,
  parseSafetensors,
  readTorchZip,
  toFloat32,
  typedView,
  writeSafetensors,
} from './formats.js';
export type {
  ByteSource,
  Dtype,
  HeaderTensor,
  LoadedTensor,
  ModelPrepErrorCode,
  SafetensorsHeader,
  StoredTensor,
  StridedView,
  Tensor,
  TorchZip,
  TypedView,
  ZipEntry,
} from './formats.js';
export type { ExtraConfig, LlavaConfig, VisionConfig } from './llava-config.js';
export type { TensorInfo } from './tensor-info.js';
export { openCheckpoint } from './node/open-checkpoint.js';
export type { Checkpoint } from './node/open-checkpoint.js';
export { initialiseHighResProjections } from './node/initialise.js';
export type { InitFile, InitOptions, InitReport } from './node/initialise.js';
export type { InitState } from './high-res-projections.js';
export type { InitStrategy } from './init-recipe.js';
export { isHubReference, parseHubReference } from './hub-reference.js';
export type { HubReference } from './hub-reference.js';
export { downloadCheckpoint } from './node/download-checkpoint.js';
export type {
  DownloadEdge,
  DownloadedFile,
  DownloadOptions,
  DownloadReport,
} from './node/download-checkpoint.js';
export { convertCheckpoint } from './node/convert.js';
export type { ConvertOptions, ConvertReport } from './node/convert.js';
export { inspectCheckpoint } from './node/inspect-checkpoint.js';
export type { HighResState, InspectedTensor, Inspection, InspectOptions } from './node/inspect-checkpoint.js';
export type { CheckpointModule, TensorGroup } from './checkpoint-modules.js';
export type { TensorIssues } from './expected-tensors.js';
export type { TensorStatistics } from './tensor-statistics.js';
export { verifyChecksums } from './node/verify-checksums.js';
export type { VerifiedFile } from './node/verify-checksums.js';
export { diffWeights } from './node/diff-weights.js';
export type { TensorDifference, WeightsDifference } from './node/diff-weights.js';
export type { ValueDifference } from './tensor-difference.js';
