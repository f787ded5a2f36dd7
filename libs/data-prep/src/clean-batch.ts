import { cleanPlain, type CleanedPlain, type PlainImage } from './clean-plain.js';
import { cleanSample, imageNameOf, type SampleResult, type TextOnly } from './clean-sample.js';
import { CHANGE_RULES, type Drop, type DropCode } from './codes.js';
import { editSample, idText } from './edit-sample.js';
import type { ImageFinding, ImageIndex } from './image-index.js';
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
  images: Pick<ImageIndex, 'likenessOf' | 'lookup'>;
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
  /** The image's likeness (`ImageIndex.likenessOf`), or else its name. */
  likeness: number;
  name: string | undefined;
}

/** Cleans some samples of a file, whose images are looked up side by side. */
export async function cleanBatch(
  samples: readonly ScannedSample[],
  context: BatchContext,
): Promise<Cleaned[]> {
  const opened = samples.map((scanned) => openSample(scanned, context));
  const found: (ImageFinding | undefined)[] = [];
  const waiting: Promise<void>[] = [];
  for (const [i, { name }] of opened.entries()) {
    if (name === undefined) continue;
    const finding = context.images.lookup(name);
    if (finding instanceof Promise) waiting.push(finding.then((late) => void (found[i] = late)));
    else found[i] = finding;
  }
  if (waiting.length > 0) await Promise.all(waiting);
  return opened.map((sample, i) => cleanOne(sample, found[i], context));
}

function openSample(scanned: ScannedSample, { file, images }: BatchContext): Opened {
  const { plain, bytes } = scanned;
  if (plain === undefined || bytes === undefined) {
    const parsed = parseSample(scanned, file);
    const name = parsed.drop === undefined ? imageNameOf(parsed.value) : undefined;
    return { scanned, parsed, likeness: 0, name };
  }
  const { imageBegin, imageEnd } = plain;
  const likeness = imageEnd === 0 ? 0 : images.likenessOf(bytes, imageBegin, imageEnd);
  const name = imageEnd === 0 || likeness > 0 ? undefined : plainName(scanned);
  return { scanned, parsed: undefined, likeness, name };
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
function plainImageOf({ likeness, name }: Opened, image: ImageFinding | undefined): PlainImage | undefined {
  if (likeness > 0) return 'as named';
  if (name === undefined) return 'none';
  if (image === undefined || 'problem' in image) return undefined;
  return image.found === name ? 'as named' : image;
}

/** Most samples are alike in all that the report tells: they have the same outcome. */
function outcomeOf(
  opened: Opened,
  { rule }: CleanedPlain,
  image: ImageFinding | undefined,
  { input, outcomes, images }: BatchContext,
): Outcome {
  const { scanned, likeness, name } = opened;
  const changes = rule === undefined ? [] : [rule];
  if (name !== undefined) {
    const isRenamed = image !== undefined && 'found' in image && image.found !== name;
    const all = isRenamed ? (['EXTENSION_FIXED', ...changes] as const) : changes;
    return outcomes.of(input, outcomes.sourceOf(name, true), { kept: true, changes: all, image });
  }
  const key =
    likeness * (CHANGE_RULES.length + 1) + (rule === undefined ? 0 : 1 + CHANGE_RULES.indexOf(rule));
  return outcomes.common(input, key, () => {
    const known = likeness === 0 ? undefined : plainName(scanned);
    const source = known === undefined ? TEXT_SOURCE : outcomes.sourceOf(known, true);
    return outcomes.of(input, source, { kept: true, changes, image: knownImage(opened, images) });
  });
}

/** The finding behind a likeness. */
function knownImage({ scanned, likeness }: Opened, images: BatchContext['images']): ImageFinding | undefined {
  if (likeness === 0) return undefined;
  const finding = images.lookup(plainName(scanned));
  if (finding instanceof Promise) throw new RangeError('an image that was known is not any more');
  return finding;
}

/** The image's name of a plain sample; empty where it names none. */
function plainName({ bytes, plain }: ScannedSample): string {
  return bytes?.toString('latin1', plain?.imageBegin, plain?.imageEnd) ?? '';
}

function cleanParsed(
  opened: Opened,
  parsed: ParsedSample,
  finding: ImageFinding | undefined,
  { input, first, images, textOnly, outcomes }: BatchContext,
): Cleaned {
  const { scanned } = opened;
  const value = parsed.drop === undefined ? parsed.value : undefined;
  const image = finding ?? knownImage(opened, images);
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
