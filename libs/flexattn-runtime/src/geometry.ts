import type { LlavaConfig } from '@flexattn/model-prep';
import { RuntimeError } from './error.js';

/**
 * How regions of the picture are selected: `attention` is FlexAttention, `none` the plain LLaVA decoder; the others
 * are the paper's ablations.
 */
export const SELECTIONS = ['attention', 'random', 'centre', 'all', 'none'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** Everything about the selection that the checkpoint does not settle. */
export interface SelectionSettings {
  selection: Selection;
  /** Of the 81 regions, for `random` and `centre`: 0 to 1. */
  share: number;
  /** For `random`. */
  seed: number;
}

/** A selection, and what it overrides of the checkpoint's configuration. */
export interface SelectionOptions {
  /** Default: `attention` where the checkpoint has high-res weights. */
  selection?: Selection | undefined;
  /** Of the 81 regions, for `random` and `centre`: 0 to 1; default 0.1. */
  share?: number | undefined;
  /** For `random`; default 0. */
  seed?: number | undefined;
  /** Instead of `extra.threshold`, on a 0-255 scale. */
  threshold?: number | undefined;
  /** Instead of `extra.select_from_layer`. */
  firstSelectingLayer?: number | undefined;
}

/** The selection of a model that is built: what its artifact and its results carry. */
export type ChosenSelection = Required<{
  [Key in keyof SelectionOptions]: NonNullable<SelectionOptions[Key]>;
}>;

/** The share that the paper finds selected on average. */
const DEFAULT_SHARE = 0.1;

/** Sizes and constants of one model, as the graphs need them. */
export interface Geometry extends SelectionSettings {
  hiddenSize: number;
  intermediateSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  normEpsilon: number;
  ropeTheta: number;
  vocabSize: number;
  /** Positions that prompt and answer may take together. */
  maxPositions: number;
  endOfText: number;
  /** lm_head is the embedding table. */
  tiedEmbeddings: boolean;
  vision: {
    hiddenSize: number;
    intermediateSize: number;
    layers: number;
    heads: number;
    patchSize: number;
    normEpsilon: number;
  };
  /** Sides of the two inputs, pixels; highres = zoom x lowres. */
  lowresSize: number;
  highresSize: number;
  zoom: number;
  /** Sides of the token grids: L = size^2 low-res tokens, N = hd^2 high-res tokens. */
  size: number;
  hd: number;
  /** On a 0-255 scale. */
  threshold: number;
  /** F: the first layer whose attention selects; those above it attend to what was selected. */
  firstSelectingLayer: number;
}

/** The zoom that the high-res size defaults to where a plain LLaVA checkpoint has no `extra`. */
const PLAIN_ZOOM = 1;

/**
 * Reads the sizes off a checkpoint's configuration.
 *
 * @param file - named in errors
 * @throws RuntimeError UNSUPPORTED_CONFIG: no vision tower, no `extra` to select with, or no layer left to attend
 */
export function geometryOf(
  config: LlavaConfig,
  options: SelectionOptions & { selection: Selection },
  file: string,
): Geometry {
  const { selection, share = DEFAULT_SHARE, seed = 0 } = options;
  const refuse = (item: string, what: string, hint: string) =>
    new RuntimeError('UNSUPPORTED_CONFIG', what, { file, item, hint });
  const { vision, extra } = config;
  if (!(share >= 0 && share <= 1)) {
    throw refuse(
      'share',
      `expected a share from 0 to 1, got ${share}`,
      'choose how much of the picture to select',
    );
  }
  if (vision === undefined) {
    const what = `expected a folder inside the checkpoint, got "${config.mm_vision_tower}"`;
    throw refuse('mm_vision_tower', what, 'put the CLIP tower into such a folder');
  }
  if (selection !== 'none' && extra === undefined) {
    const hint = 'initialise the high-res projections first, or use selection "none"';
    throw refuse('extra', 'expected lowres_size, highres_size and zoom_ratio, got nothing', hint);
  }
  const firstSelectingLayer = options.firstSelectingLayer ?? extra?.selectFromLayer ?? 0;
  if (selection !== 'none' && firstSelectingLayer >= config.num_hidden_layers - 1) {
    const what = `expected a value below ${config.num_hidden_layers - 1}, got ${firstSelectingLayer}: no layer is left to attend`;
    throw refuse('extra.select_from_layer', what, 'choose an earlier layer');
  }
  const zoom = extra?.zoomRatio ?? PLAIN_ZOOM;
  const size = vision.image_size / vision.patch_size;
  return {
    ...decoderGeometry(config),
    selection,
    share,
    seed,
    vision: visionGeometry(vision),
    lowresSize: vision.image_size,
    highresSize: vision.image_size * zoom,
    zoom,
    size,
    hd: size * zoom,
    threshold: options.threshold ?? extra?.threshold ?? 0,
    firstSelectingLayer,
  };
}

/** The part of a geometry that may differ between models of one checkpoint. */
export function chosenSelection({
  selection,
  share,
  seed,
  threshold,
  firstSelectingLayer,
}: Geometry): ChosenSelection {
  return { selection, share, seed, threshold, firstSelectingLayer };
}

/** The other part: what the checkpoint alone decides. */
export function checkpointGeometry({
  selection,
  share,
  seed,
  threshold,
  firstSelectingLayer,
  ...sizes
}: Geometry): Omit<Geometry, keyof ChosenSelection> {
  return sizes;
}

/** Indices of the layers whose high-res rows also attend to selected tokens: those above F. */
export function attendingLayers({
  selection,
  firstSelectingLayer,
  layers,
}: Pick<Geometry, 'selection' | 'firstSelectingLayer' | 'layers'>): number[] {
  if (selection === 'none') return [];
  const first = firstSelectingLayer + 1;
  return Array.from({ length: layers - first }, (_, index) => first + index);
}

/** Indices of the layers that select: F and those above it. */
export function selectingLayers(geometry: Geometry): number[] {
  return geometry.selection === 'none' ? [] : [geometry.firstSelectingLayer, ...attendingLayers(geometry)];
}

function decoderGeometry(config: LlavaConfig) {
  return {
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    kvHeads: config.num_key_value_heads,
    headDim: config.hidden_size / config.num_attention_heads,
    normEpsilon: config.rms_norm_eps,
    ropeTheta: config.rope_theta,
    vocabSize: config.vocab_size,
    maxPositions: config.max_position_embeddings,
    endOfText: config.eos_token_id,
    tiedEmbeddings: config.tie_word_embeddings,
  };
}

function visionGeometry(vision: NonNullable<LlavaConfig['vision']>) {
  return {
    hiddenSize: vision.hidden_size,
    intermediateSize: vision.intermediate_size,
    layers: vision.num_hidden_layers,
    heads: vision.num_attention_heads,
    patchSize: vision.patch_size,
    normEpsilon: vision.layer_norm_eps,
  };
}
