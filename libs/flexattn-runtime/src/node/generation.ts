import { branchLosses, layOutBranches } from '../branches.js';
import { concat } from '../concat.js';
import { KeyValueBuffer } from '../key-values.js';
import { argMax } from '../logits.js';
import { stepMask } from '../masks.js';
import { positionsFrom } from '../positions.js';
import type { LayerRegions } from '../regions.js';
import type { Decoder } from './decoder.js';
import type { PreparedPrompt } from './prompt-preparer.js';

/** One greedily chosen token. */
export interface GeneratedToken {
  token: number;
  /** Of the row that predicts it, [vocab]. */
  logits: Float32Array;
  /** What that row selected, by layer. */
  regions: LayerRegions[];
  /** Position of that row. */
  position: number;
}

/** Positions that the first buffer has room for beyond the prompt; it doubles when it is full. */
const ROOM = 128;

/** Greedy decoding (SPEC section 4): yields every token as it is chosen, the end-of-text token included. */
export async function* decodeGreedily(
  decoder: Decoder,
  prompt: PreparedPrompt,
  maxNewTokens: number,
): AsyncGenerator<GeneratedToken> {
  const { endOfText } = decoder.geometry;
  const { keyValues: stem, picture, length } = prompt;
  const rows = length - stem.capacity;
  const first = await decoder.advance({
    embeddings: prompt.rest,
    positions: positionsFrom(stem.capacity, rows),
    past: stem,
    mask: stepMask(new Array<number>(rows).fill(0), stem.capacity, stem.capacity),
    highRows: 1,
    picture,
  });
  const past = new KeyValueBuffer(decoder.geometry, length + Math.min(maxNewTokens, ROOM));
  past.append(stem);
  let step = first;
  for (let count = 1; ; count++) {
    past.append(step.keyValues);
    const logits = step.logits[0] ?? new Float32Array(0);
    const token = argMax(logits);
    yield { token, logits, regions: step.regions[0] ?? [], position: past.length - 1 };
    if (token === endOfText || count === maxNewTokens) return;
    step = await decoder.advance({
      embeddings: await decoder.embed([token]),
      positions: [past.length],
      past,
      mask: stepMask([0], past.length, past.capacity),
      highRows: 1,
      picture,
    });
  }
}

/** Losses of the options, in order, and what the last prompt row selected. */
export interface OptionScores {
  losses: number[];
  regions: LayerRegions[];
}

/**
 * Mean cross-entropy (nats per token) of each option after the prompt, all in one step: the options are branches
 * behind one stem, and none sees another.
 *
 * @param options - token ids, at least one each
 */
export async function scoreBranches(
  decoder: Decoder,
  prompt: PreparedPrompt,
  options: readonly (readonly number[])[],
): Promise<OptionScores> {
  const { keyValues: past, picture, length } = prompt;
  const rows = length - past.capacity;
  const { ids, ...fed } = layOutBranches(options, length);
  const branches = [...new Array<number>(rows).fill(0), ...fed.branches];
  const { logits, regions } = await decoder.read({
    embeddings: ids.length === 0 ? prompt.rest : concat(prompt.rest, await decoder.embed(ids)),
    positions: [...positionsFrom(past.capacity, rows), ...fed.positions],
    past,
    mask: stepMask(branches, past.capacity, past.capacity),
    highRows: 1 + ids.length,
    picture,
  });
  return { losses: branchLosses(options, logits), regions: regions[0] ?? [] };
}
