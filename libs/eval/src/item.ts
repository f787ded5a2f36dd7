import type { ItemErrorCode } from './errors.js';

/** Where an item's picture is: a file below the benchmark's folder, or base64 text under a key of a JSON file in it. */
export type Picture = { kind: 'file'; path: string } | { kind: 'base64'; file: string; key: string };

/** One question about one picture. */
export interface Item {
  /** `<benchmark>/<the benchmark's own id>`. */
  id: string;
  benchmark: string;
  /** Part of the benchmark that has a score of its own, or null. */
  category: string | null;
  /** As in the file. */
  question: string;
  /** The whole question as a prompt file of the benchmark has it, where the protocol reads one. */
  publishedPrompt?: string;
  picture: Picture;
  /** Texts to choose from, in the order in which they are asked; empty where there are none. */
  options: readonly string[];
  /** Whether the model answers with the letter of an option, where no protocol says so. */
  lettered?: boolean;
  /** What is right: the annotators' answers, the right option's text, or its letter. */
  targets: readonly string[];
}

/** An item that cannot be asked; its line in rejects.jsonl. */
export interface Reject {
  id: string;
  benchmark: string;
  code: ItemErrorCode;
  message: string;
}

/** What a loader yields. */
export type Loaded = { item: Item } | { reject: Reject };

/**
 * What the model is asked: to go on freely, or for its loss on each option. `endToken`: the end-of-text token follows
 * each option and counts in its loss; left out: it does not. `stretch`: the picture is stretched to a square instead of
 * padded, so that coordinates in the answer are shares of its width and height.
 */
export type Request =
  | { prompt: string; maxNewTokens: number; stretch?: boolean | undefined }
  | { prompt: string; options: readonly string[]; endToken?: boolean | undefined };

/** One line of items.jsonl. `image` starts with `./` where it lies beside that file, else it is below the root. */
export type InferItem = { id: string; benchmark: string; image: string; imageSha256: string } & Request;

/** Key of a picture within its benchmark: equal for questions about the same picture. */
export function pictureKey(picture: Picture): string {
  return picture.kind === 'file' ? picture.path : `${picture.file}#${picture.key}`;
}
