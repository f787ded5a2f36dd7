import type { BatchContext, Cleaned } from './clean-batch.js';
import { cleanPlain } from './clean-plain.js';
import { CHANGE_RULES } from './codes.js';
import { TEXT_SOURCE } from './outcome.js';
import type { PlainTaker } from './sample-scanner.js';

/**
 * Cleans plain samples while they are scanned, with next to nothing made of each: those whose image is known to be there
 * under its name, and those that name none. The others are left to `cleanBatch`, which makes the same of them.
 */
export function cleanAtSight({
  input,
  first,
  images,
  textOnly,
  outcomes,
}: BatchContext): PlainTaker<Cleaned> {
  return (chunk, begin, end, { index, lineFeeds, plain }) => {
    const { imageBegin, imageEnd } = plain;
    const isNamed = imageEnd > 0;
    const likeness = isNamed ? images.likenessOf(chunk, begin + imageBegin, begin + imageEnd) : 0;
    if (isNamed && likeness === 0) return undefined;
    const sample = chunk.subarray(begin, end);
    const cleaned = cleanPlain(sample, plain, isNamed ? 'as named' : 'none', textOnly);
    if (cleaned === undefined) return undefined;
    const { bytes, rule } = cleaned;
    const key =
      likeness * (CHANGE_RULES.length + 1) + (rule === undefined ? 0 : 1 + CHANGE_RULES.indexOf(rule));
    const outcome = outcomes.common(input, key, () => {
      const name = sample.toString('latin1', imageBegin, imageEnd);
      const image = isNamed ? images.lookup(name) : undefined;
      if (image instanceof Promise) throw new RangeError('an image that was known is not any more');
      const source = isNamed ? outcomes.sourceOf(name, true) : TEXT_SOURCE;
      return outcomes.of(input, source, { kept: true, changes: rule === undefined ? [] : [rule], image });
    });
    return { kept: true, index: first + index, bytes, lineFeeds, outcome };
  };
}
