import type { Sight } from './clean-at-sight.js';
import { cleanPlain, type CleanedPlain, type PlainImage } from './clean-plain.js';
import { cleanSample, imageNameOf, type SampleResult, type TextOnly } from './clean-sample.js';
import type { Drop, DropCode } from './codes.js';
import { editSample, idText } from './edit-sample.js';
import type { ImageFinding } from './image-finding.js';
import type { ImageIndex } from './image-index.js';
import { TEXT_SOURCE, type Outcome, type Outcomes } from './outcome.js';
import { parseSample, type ParsedSample } from './parse-sample.js';
import type { ScannedSample } from './sample-scanner.js';

/** A sample after the rules: the bytes to write, or why it is dropped. */
export type Cleaned = Kept | Dropped;
interface Kept {
  kept: true;
  /** Its place among all samples, from 0. */
  index: number;
  outcome: Outcome;
  bytes: Uint8Array;
  /** Line feeds between its tokens. */
  lineFeeds: number;
}
interface Dropped {
  kept: false;
  index: number;
  outcome: Outcome;
  /** Its line of `rejects.jsonl`, without the line feed. */
  line: string;
  /** The image to fetch again, if that would repair it. */
  toFetch: string | undefined;
}

/** What the samples of one annotation file are cleaned with. */
export interface BatchContext {
  /** Named in errors. */
  file: string;
  /** Which annotation file it is, and how many samples the earlier ones have. */
  input: number;
  first: number;
  images: Pick<ImageIndex, 'likenessesOf' | 'lookAhead' | 'lookup'>;
  textOnly: TextOnly;
  outcomes: Outcomes;
}

/** Drop codes whose image can be had by fetching it again. */
const TO_FETCH: ReadonlySet<DropCode> = new Set([
  'IMAGE_MISSING',
  'IMAGE_EMPTY',
  'IMAGE_UNKNOWN',
  'IMAGE_CORRUPT',
]);

/** A sample with the image that it names; parsed where its bytes alone do not tell all. */
interface Opened {
  scanned: ScannedSample;
  parsed: ParsedSample | undefined;
  name: string | undefined;
}

/**
 * Cleans samples, whose images are looked up side by side. `sight` is tried first, and again where images had to be
 * waited for.
 */
export async function cleanBatch(
  samples: readonly ScannedSample[],
  context: BatchContext,
  sight: Sight = (scanned) => [...scanned],
): Promise<Cleaned[]> {
  let seen = sight(samples);
  const ahead = context.images.lookAhead();
  if (ahead !== undefined) {
    await ahead;
    seen = sight(seen);
  }
  const opened = seen.map((sample) => ('kept' in sample ? sample : openSample(sample, context)));
  const found: (ImageFinding | undefined)[] = [];
  const waiting: Promise<void>[] = [];
  for (let i = 0; i < opened.length; i += 1) {
    const sample = opened[i];
    if (sample === undefined || 'kept' in sample || sample.name === undefined) continue;
    const finding = context.images.lookup(sample.name);
    if (finding instanceof Promise) waiting.push(finding.then((late) => void (found[i] = late)));
    else found[i] = finding;
  }
  if (waiting.length > 0) await Promise.all(waiting);
  return opened.map((sample, i) => ('kept' in sample ? sample : cleanOne(sample, found[i], context)));
}

function openSample(scanned: ScannedSample, { file }: BatchContext): Opened {
  const { plain, bytes } = scanned;
  if (plain !== undefined && bytes !== undefined) {
    const { imageBegin, imageEnd } = plain;
    const name = imageEnd === 0 ? undefined : bytes.toString('latin1', imageBegin, imageEnd);
    return { scanned, parsed: undefined, name };
  }
  const parsed = parseSample(scanned, file);
  return { scanned, parsed, name: parsed.drop === undefined ? imageNameOf(parsed.value) : undefined };
}

function cleanOne(opened: Opened, image: ImageFinding | undefined, context: BatchContext): Cleaned {
  const { scanned, parsed } = opened;
  const { plain, bytes, lineFeeds } = scanned;
  const plainImage = plainImageOf(opened, image);
  const cleaned =
    plain === undefined || bytes === undefined || plainImage === undefined
      ? undefined
      : cleanPlain(bytes, plain, plainImage, context.textOnly);
  if (cleaned === undefined) {
    return cleanParsed(opened, parsed ?? parseSample(scanned, context.file), image, context);
  }
  const outcome = outcomeOf(opened, cleaned, image, context);
  return { kept: true, index: context.first + scanned.index, bytes: cleaned.bytes, lineFeeds, outcome };
}

/** Undefined where the image cannot be used. */
function plainImageOf({ name }: Opened, image: ImageFinding | undefined): PlainImage | undefined {
  if (name === undefined) return 'none';
  if (image === undefined || 'problem' in image) return undefined;
  return image.found === name ? 'as named' : image;
}

function outcomeOf(
  { name }: Opened,
  { rule }: CleanedPlain,
  image: ImageFinding | undefined,
  { input, outcomes }: BatchContext,
): Outcome {
  const changes = rule === undefined ? [] : [rule];
  if (name === undefined) return outcomes.of(input, TEXT_SOURCE, { kept: true, changes });
  const isRenamed = image !== undefined && 'found' in image && image.found !== name;
  const all = isRenamed ? (['EXTENSION_FIXED', ...changes] as const) : changes;
  return outcomes.of(input, outcomes.sourceOf(name, true), { kept: true, changes: all, image });
}

function cleanParsed(
  opened: Opened,
  parsed: ParsedSample,
  image: ImageFinding | undefined,
  { input, first, textOnly, outcomes }: BatchContext,
): Cleaned {
  const { scanned } = opened;
  const value = parsed.drop === undefined ? parsed.value : undefined;
  const result: SampleResult =
    parsed.drop === undefined
      ? cleanSample(value, { get: () => image }, { textOnly })
      : { kept: false, ...parsed.drop };
  const outcome = outcomes.of(input, outcomes.sourceOfValue(value, result.kept), result);
  const { text = '' } = parsed;
  const index = first + scanned.index;
  if (result.kept) {
    const bytes = result.changes.length === 0 ? scanned.bytes : undefined;
    const { lineFeeds } = scanned;
    return {
      kept: true,
      index,
      bytes: bytes ?? Buffer.from(editSample(text, result.sample)),
      lineFeeds,
      outcome,
    };
  }
  const toFetch = TO_FETCH.has(result.code) ? imageNameOf(value) : undefined;
  return { kept: false, index, line: rejectLine(index, idText(text), result), toFetch, outcome };
}

/** A line of `rejects.jsonl` without its line feed; `id` is JSON text. */
export function rejectLine(index: number, id: string | undefined, { code, detail }: Drop): string {
  return `{"index":${index},"id":${id ?? 'null'},"code":${JSON.stringify(code)},"detail":${JSON.stringify(detail)}}`;
}
