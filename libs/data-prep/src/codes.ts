/** Why a sample is dropped, in the order in which the rules look. The README says how to repair each. */
export type DropCode =
  | 'SAMPLE_TOO_LARGE'
  | 'TOO_DEEP'
  | 'INVALID_UTF8'
  | 'DUPLICATE_KEY'
  | 'PROTO_KEY'
  | 'LONE_SURROGATE'
  | 'BAD_SHAPE'
  | 'PATH_ESCAPE'
  | 'IMAGE_MISSING'
  | 'IMAGE_UNREADABLE'
  | 'IMAGE_EMPTY'
  | 'IMAGE_UNKNOWN'
  | 'IMAGE_CORRUPT'
  | 'IMAGE_TOO_LARGE'
  | 'TEXT_ONLY'
  | 'NO_HUMAN_TURN';

/** What was changed in a sample that is kept. */
export type ChangeRule =
  /** The image has another extension than the sample said. */
  | 'EXTENSION_FIXED'
  /** The image had no tag: one was put at the front. */
  | 'TAG_ADDED'
  /** The one tag stood elsewhere, or with other white space around it. */
  | 'TAG_MOVED'
  /** There were several tags: one is left, at the front. */
  | 'TAGS_MERGED'
  /** A sample without an image got a tag for the blank picture that the trainer shows. */
  | 'PLACEHOLDER_ADDED';

/** A sample that is dropped: `detail` is one line of text for a person. */
export interface Drop {
  code: DropCode;
  detail: string;
}
