/** A range of lengths and the samples in it. */
export interface LengthBin {
  /** Positions, both ends included. */
  from: number;
  to: number;
  samples: number;
}

/** Lengths of samples in positions, image tokens included, before cutting. */
export interface TokenLengths {
  shortest: number;
  median: number;
  /** 95 of 100 samples are no longer. */
  percentile95: number;
  longest: number;
  histogram: LengthBin[];
}

/** Most bins of a histogram: one screen of a terminal holds it with the rest of the plan. */
const MOST_BINS = 10;

/**
 * Sums up how many samples there are of each length.
 *
 * @param counts - samples by length
 * @returns undefined where there is no sample
 */
export function tokenLengths(counts: ReadonlyMap<number, number>): TokenLengths | undefined {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, samples]) => sum + samples, 0);
  const [shortest, longest] = [sorted[0]?.[0], sorted.at(-1)?.[0]];
  if (shortest === undefined || longest === undefined) return undefined;
  const quantile = (share: number) => {
    let seen = 0;
    return sorted.find(([, samples]) => (seen += samples) >= share * total)?.[0] ?? longest;
  };
  return {
    shortest,
    median: quantile(0.5),
    percentile95: quantile(0.95),
    longest,
    histogram: histogramOf(sorted, shortest, longest),
  };
}

/** Equal bins of 1, 2 or 5 times a power of ten positions, the narrowest that are few enough. */
function histogramOf(
  sorted: readonly (readonly [number, number])[],
  shortest: number,
  longest: number,
): LengthBin[] {
  const binsOf = (width: number) => Math.floor(longest / width) - Math.floor(shortest / width) + 1;
  let width = 1;
  for (let step = 0; binsOf(width) > MOST_BINS; step += 1)
    width = (step % 3 === 0 ? 2 : step % 3 === 1 ? 5 : 10) * 10 ** Math.floor(step / 3);
  const first = Math.floor(shortest / width);
  const bins = Array.from({ length: binsOf(width) }, (_, i) => ({
    from: (first + i) * width,
    to: (first + i + 1) * width - 1,
    samples: 0,
  }));
  for (const [length, samples] of sorted) {
    const bin = bins[Math.floor(length / width) - first];
    if (bin !== undefined) bin.samples += samples;
  }
  return bins;
}
