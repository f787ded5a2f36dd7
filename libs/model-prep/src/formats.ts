/** The file formats without the files: this entry, and all that it imports, runs in a browser too. */
export { ModelPrepError } from './errors.js';
export type { ModelPrepErrorCode } from './errors.js';
export type { ByteSource } from './byte-source.js';
export type { Dtype } from './dtype.js';
export { toFloat32 } from './float32.js';
export type { Tensor } from './float32.js';
export { typedView } from './typed-view.js';
export type { LoadedTensor, TypedView } from './typed-view.js';
export { parseSafetensors } from './safetensors-header.js';
export type { SafetensorsHeader } from './safetensors-header.js';
export type { HeaderTensor } from './tensor-entry.js';
export { writeSafetensors } from './safetensors-writer.js';
export { readTorchZip } from './torch-zip.js';
export type { TorchZip } from './torch-zip.js';
export type { StoredTensor, StridedView } from './strided-view.js';
export type { ZipEntry } from './zip-entries.js';
