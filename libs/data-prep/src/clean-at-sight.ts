import type { BatchContext, Cleaned } from './clean-batch.js';
import { cleanPlain } from './clean-plain.js';
import { CHANGE_RULES } from './codes.js';
import type { ByteSpan } from './name-table.js';
import { TEXT_SOURCE } from './outcome.js';
import type { PlainFacts } from './plain-sample.js';
import type { ScannedSample } from './sample-scanner.js';

/** Cleans those of the samples that it can; the others stay as they were scanned. */
export type Sight = (samples: readonly (ScannedSample | Cleaned)[]) => (ScannedSample | Cleaned)[];

/** A sample whose bytes are there and plain. */
type PlainScanned = ScannedSample & { bytes: Buffer; plain: PlainFacts };

/**
 * Cleans plain samples with next to nothing made of each: those whose image is known to be there under its name, and those
 * that name none. The others are left to `cleanBatch`, which makes the same of them.
 */
export function cleanAtSight(context: BatchContext): Sight {
  return (samples) => {
    const names: ByteSpan[] = [];
    for (const sample of samples) {
      if (!isPlain(sample)) continue;
      const { bytes, plain } = sample;
      if (plain.imageEnd > 0) names.push({ bytes, begin: plain.imageBegin, end: plain.imageEnd });
    }
    const likenesses = context.images.likenessesOf(names);
    let named = 0;
    return samples.map((sample) => {
      if (!isPlain(sample)) return sample;
      if (sample.plain.imageEnd === 0) return cleanKnown(sample, undefined, context) ?? sample;
      const likeness = likenesses[named] ?? 0;
      named += 1;
      return likeness === 0 ? sample : (cleanKnown(sample, likeness, context) ?? sample);
    });
  };
}

function isPlain(sample: ScannedSample | Cleaned): sample is PlainScanned {
  return 'plain' in sample && sample.plain !== undefined && sample.bytes !== undefined;
}

/** `likeness`: that of its image, if it names one. */
function cleanKnown(
  { bytes: sample, index, lineFeeds, plain }: PlainScanned,
  likeness: number | undefined,
  { input, first, images, textOnly, outcomes }: BatchContext,
): Cleaned | undefined {
  const isNamed = likeness !== undefined;
  const cleaned = cleanPlain(sample, plain, isNamed ? 'as named' : 'none', textOnly);
  if (cleaned === undefined) return undefined;
  const { bytes, rule } = cleaned;
  const ruleNumber = rule === undefined ? 0 : 1 + CHANGE_RULES.indexOf(rule);
  const outcome = outcomes.common(input, (likeness ?? 0) * (CHANGE_RULES.length + 1) + ruleNumber, () => {
    const name = sample.toString('latin1', plain.imageBegin, plain.imageEnd);
    const image = isNamed ? images.lookup(name) : undefined;
    if (image instanceof Promise) throw new RangeError('an image that was known is not any more');
    const source = isNamed ? outcomes.sourceOf(name, true) : TEXT_SOURCE;
    return outcomes.of(input, source, { kept: true, changes: rule === undefined ? [] : [rule], image });
  });
  return { kept: true, index: first + index, bytes, lineFeeds, outcome };
}
