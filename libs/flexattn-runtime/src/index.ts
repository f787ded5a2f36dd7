export { RuntimeError } from './error.js';
export type { RuntimeErrorCode } from './error.js';
export { buildPrompt, encodeConversation } from './conversation.js';
export type { Conversation, EncodedConversation } from './conversation.js';
export { itemCost } from './cost.js';
export type { Asked, Cost, CostedModel, ItemCost, Looking } from './cost.js';
export { DEVICE_SPEEDS, secondsAtLeast } from './device-speed.js';
export type { DeviceSpeed, DeviceSpeedName } from './device-speed.js';
export { plannedMemory } from './planned-memory.js';
export type { Device } from './device.js';
export type { DeviceCheck } from './device-checks.js';
export { regionBox } from './explain/boxes.js';
export type { Box, PictureSize } from './explain/boxes.js';
export type { ExplainedRegion, ExplainedStep, Explanation } from './explain/explanation.js';
export type { ChosenSelection, Geometry, Selection, SelectionOptions } from './geometry.js';
export { pixelValuesOf, pixelValuesOfBands, tileValuesOf } from './image/pixel-values.js';
export type { InputSizes, PixelValues } from './image/vision-inputs.js';
export type { BandedPicture, Raster } from './image/raster.js';
export type { Answer, InferItem } from './items.js';
export type { LayerRegions, Regions } from './regions.js';
export type { Tokenizer } from './tokenizer.js';
export { compileModel } from './node/compile.js';
export type { CompileOptions, CompileReport } from './node/compile.js';
export { deviceReport } from './node/device-report.js';
export { explanationPng, explanationWebp } from './node/explain.js';
export type { GeneratedToken } from './node/generation.js';
export { goldenKind, verifyGolden } from './node/golden.js';
export type { GoldenCase, GoldenImage, GoldenReport, VerifyGoldenOptions } from './node/golden.js';
export { deviceLine } from './node/probe-devices.js';
export { readImage } from './node/image.js';
export type { EncodedImage, ImageSource } from './node/image.js';
export { inferItems } from './node/infer.js';
export type { InferOptions, InferReport } from './node/infer.js';
export { loadTokenizer } from './node/load-tokenizer.js';
export { loadModel } from './node/model.js';
export type { FlexAttentionModel, LoadModelOptions } from './node/model.js';
export type {
  Generated,
  GenerateRequest,
  ImageInput,
  Prompt,
  Scored,
  ScoreRequest,
} from './node/local-model.js';
export type { Precision } from './quantise/precision.js';
export { verifyPrecision } from './node/verify-precision.js';
export type { PrecisionCase, VerifyPrecisionOptions } from './node/verify-precision.js';
