import type { FuzzTarget } from './fuzz-loop.js';

/** Every reader of foreign bytes, by the name that `npm run fuzz -- NAME` takes. */
export const TARGETS: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  safetensors: async () => (await import('./safetensors.js')).safetensorsTarget,
  'torch-zip': async () => (await import('./torch-zip.js')).torchZipTarget,
  'json-scanner': async () => (await import('./json-scanner.js')).jsonScannerTarget(),
  'image-headers': async () => (await import('./image-headers.js')).imageHeadersTarget(),
  tokenizer: async () => (await import('./tokenizer.js')).tokenizerTarget(),
  config: async () => (await import('./config.js')).configTarget(),
  'benchmark-loaders': async () => (await import('./benchmark-loaders.js')).benchmarkLoadersTarget(),
  'judge-answers': async () => (await import('./judge-answers.js')).judgeAnswersTarget(),
};
