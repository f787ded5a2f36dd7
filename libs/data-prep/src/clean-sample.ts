import type { ChangeRule, DropCode } from './codes.js';
import type { ImageFinding } from './image-finding.js';
import { placePlaceholder, placeTag } from './image-tag.js';
import { toSample, type Sample } from './sample.js';

/** What becomes of a sample without a picture; `keep` is what the published script does. */
export type TextOnly = 'placeholder' | 'keep' | 'drop';

/** Settings of the rules. */
export interface RuleOptions {
  /** Default `placeholder`. */
  textOnly?: TextOnly | undefined;
}

/** What is known of images: a `Map` from name to finding, or an `ImageIndex` that has resolved them. */
export interface ImageLookup {
  get(name: string): ImageFinding | undefined;
}

/** A sample that is kept (`sample` is the very same object where `changes` is empty), or why it is dropped. */
export type SampleResult =
  | { kept: true; sample: Sample; changes: readonly ChangeRule[]; image?: ImageFinding }
  | { kept: false; code: DropCode; detail: string };

/**
 * The rules for one sample, in order: shape, containment, existence and extension, tag. Pure: what `images` does not
 * know counts as missing, and `sample` is never modified.
 */
export function cleanSample(
  sample: unknown,
  images: ImageLookup,
  { textOnly = 'placeholder' }: RuleOptions = {},
): SampleResult {
  const shaped = toSample(sample);
  if ('problem' in shaped) return drop('BAD_SHAPE', shaped.problem);
  return shaped.sample.image === undefined
    ? cleanTextOnly(shaped.sample, textOnly)
    : cleanWithImage(shaped.sample, shaped.sample.image, images);
}

/** `cleanSample` for a stream of values: each image is resolved once, results come in the order of the samples. */
export async function* cleanStream(
  samples: AsyncIterable<unknown> | Iterable<unknown>,
  images: ImageLookup & { resolve(name: string): Promise<ImageFinding> },
  options: RuleOptions = {},
): AsyncGenerator<SampleResult, void, undefined> {
  for await (const sample of samples) {
    const name = imageNameOf(sample);
    if (name !== undefined && images.get(name) === undefined) await images.resolve(name);
    yield cleanSample(sample, images, options);
  }
}

/** The image that a value names, if it is an object that names one. */
export function imageNameOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('image' in value)) return undefined;
  return typeof value.image === 'string' ? value.image : undefined;
}

function cleanTextOnly(sample: Sample, textOnly: TextOnly): SampleResult {
  if (textOnly === 'drop') return drop('TEXT_ONLY', 'the sample has no image');
  const tagged = placePlaceholder(sample.conversations);
  if (tagged === undefined) return noHumanTurn();
  if (textOnly === 'keep' || tagged.rule === undefined) return { kept: true, sample, changes: [] };
  return { kept: true, sample: { ...sample, conversations: tagged.conversations }, changes: [tagged.rule] };
}

function cleanWithImage(sample: Sample, name: string, images: ImageLookup): SampleResult {
  const image = images.get(name) ?? { problem: 'IMAGE_MISSING', detail: `image: no file "${name}"` };
  if ('problem' in image) return drop(image.problem, image.detail);
  const tagged = placeTag(sample.conversations);
  if (tagged === undefined) return noHumanTurn();
  const changes: ChangeRule[] = [];
  let cleaned = sample;
  if (image.found !== name) {
    changes.push('EXTENSION_FIXED');
    cleaned = { ...cleaned, image: image.found };
  }
  if (tagged.rule !== undefined) {
    changes.push(tagged.rule);
    cleaned = { ...cleaned, conversations: tagged.conversations };
  }
  return { kept: true, sample: cleaned, changes, image };
}

function drop(code: DropCode, detail: string): SampleResult {
  return { kept: false, code, detail };
}

function noHumanTurn(): SampleResult {
  return drop('NO_HUMAN_TURN', 'conversations: expected a turn from human or user, got none');
}
