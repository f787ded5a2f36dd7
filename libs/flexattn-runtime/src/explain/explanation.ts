import { GRID } from '../regions.js';
import type { Regions } from '../regions.js';
import { TextStream } from '../tokenizer.js';
import type { Tokenizer } from '../tokenizer.js';
import { regionBox } from './boxes.js';
import type { Box, PictureSize } from './boxes.js';

/** One of the 9 x 9 regions (0..80, row by row) and where it lies in the picture; null: in the padding alone. */
export interface ExplainedRegion {
  index: number;
  box: Box | null;
}

/** What the row that predicts one token selected, by layer. */
export interface ExplainedStep {
  token: number;
  /** What the token adds to the answer's text; empty while a character is not whole, and for special tokens. */
  text: string;
  layers: { layer: number; regions: ExplainedRegion[] }[];
}

/** An answer, and where in the picture each of its tokens looked. */
export interface Explanation {
  text: string;
  finish: 'stop' | 'length';
  /** Before padding, pixels. */
  picture: PictureSize;
  grid: typeof GRID;
  /** One per token. */
  steps: ExplainedStep[];
}

/** What `explainAnswer` needs of the result of `generate`. */
export interface Answered {
  text: string;
  tokens: readonly number[];
  finish: 'stop' | 'length';
  regions: Regions;
}

/**
 * Puts the regions that an answer's tokens selected into pixels of the picture.
 *
 * @param picture - size before padding
 * @param tokenizer - without one every step's text is empty
 */
export function explainAnswer(
  { text, tokens, finish, regions }: Answered,
  picture: PictureSize,
  tokenizer?: Tokenizer,
): Explanation {
  const boxes = Array.from({ length: GRID ** 2 }, (_, index) => ({
    index,
    box: regionBox(index, regions.hd, picture),
  }));
  const stream = tokenizer && new TextStream(tokenizer);
  const steps = tokens.map((token, at) => {
    const added = stream?.push(token) ?? '';
    const layers = (regions.steps[at] ?? []).map(({ layer, rows }) => ({
      layer,
      regions: rows.flatMap((index) => boxes[index] ?? []),
    }));
    const rest = at === tokens.length - 1 ? (stream?.end() ?? '') : '';
    return { token, text: added + rest, layers };
  });
  return { text, finish, picture: { width: picture.width, height: picture.height }, grid: GRID, steps };
}
