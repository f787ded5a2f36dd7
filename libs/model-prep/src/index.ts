export { ModelPrepError } from './errors.js';
export type { ModelPrepErrorCode } from './errors.js';
export type { Dtype } from './dtype.js';
export { toFloat32 } from './float32.js';
export type { Tensor } from './float32.js';
export type { ExtraConfig, LlavaConfig, VisionConfig } from './llava-config.js';
export { parseSafetensors } from './safetensors-header.js';
export type { ByteSource } from './byte-source.js';
export type { SafetensorsHeader } from './safetensors-header.js';
export type { HeaderTensor } from './tensor-entry.js';
export { writeSafetensors } from './safetensors-writer.js';
export { readTorchZip } from './torch-zip.js';
export type { TorchZip } from './torch-zip.js';
export type { StoredTensor, StridedView } from './strided-view.js';
export type { ZipEntry } from './zip-entries.js';
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
