/** Why a sample is dropped, in the order in which the rules look. The README says how to repair each. */
export const DROP_CODES = [
  'SAMPLE_TOO_LARGE',
  'TOO_DEEP',
  'INVALID_UTF8',
  'DUPLICATE_KEY',
  'PROTO_KEY',
  'LONE_SURROGATE',
  'BAD_SHAPE',
  'PATH_ESCAPE',
  'IMAGE_MISSING',
  'IMAGE_UNREADABLE',
  'IMAGE_EMPTY',
  'IMAGE_UNKNOWN',
  'IMAGE_CORRUPT',
  'IMAGE_TOO_LARGE',
  'TEXT_ONLY',
  'NO_HUMAN_TURN',
  'DUPLICATE',
  'OVER_LIMIT',
] as const;
export type DropCode = (typeof DROP_CODES)[number];

/**
 * What was changed in a sample that is kept. `EXTENSION_FIXED`: the image has another extension than the sample said.
 * `TAG_ADDED`: it had no tag, one was put at the front. `TAG_MOVED`: the one tag stood elsewhere, or with other white
 * space around it. `TAGS_MERGED`: there were several, one is left, at the front. `PLACEHOLDER_ADDED`: a sample without
 * an image got a tag for the blank picture that the trainer shows.
 */
export const CHANGE_RULES = [
  'EXTENSION_FIXED',
  'TAG_ADDED',
  'TAG_MOVED',
  'TAGS_MERGED',
  'PLACEHOLDER_ADDED',
] as const;
export type ChangeRule = (typeof CHANGE_RULES)[number];

/** A sample that is dropped: `detail` is one line of text for a person. */
export interface Drop {
  code: DropCode;
  detail: string;
}
