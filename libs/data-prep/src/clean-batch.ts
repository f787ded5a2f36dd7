import { cleanPlain } from './clean-plain.js';
import { cleanSample, imageNameOf, type SampleResult, type TextOnly } from './clean-sample.js';
import type { Drop, DropCode } from './codes.js';
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
  images: Pick<ImageIndex, 'lookup'>;
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

/** Cleans some samples of a file, whose images are looked up side by side. */
export async function cleanBatch(
  samples: readonly ScannedSample[],
  context: BatchContext,
): Promise<Cleaned[]> {
  const opened = samples.map((scanned) => openSample(scanned, context.file));
  const found: (ImageFinding | undefined)[] = [];
  const waiting: Promise<void>[] = [];
  for (const [i, { name }] of opened.entries()) {
    const finding = name === undefined ? undefined : context.images.lookup(name);
    if (finding instanceof Promise) waiting.push(finding.then((late) => void (found[i] = late)));
    else found[i] = finding;
  }
  if (waiting.length > 0) await Promise.all(waiting);
  return opened.map((sample, i) => cleanOne(sample, found[i], context));
}

function openSample(scanned: ScannedSample, file: string): Opened {
  const { plain, bytes } = scanned;
  if (plain === undefined || bytes === undefined) {
    const parsed = parseSample(scanned, file);
    return { scanned, parsed, name: parsed.drop === undefined ? imageNameOf(parsed.value) : undefined };
  }
  const { imageBegin, imageEnd } = plain;
  const name = imageEnd === 0 ? undefined : bytes.toString('latin1', imageBegin, imageEnd);
  return { scanned, parsed: undefined, name };
}

function cleanOne(opened: Opened, image: ImageFinding | undefined, context: BatchContext): Cleaned {
  const { scanned, name, parsed } = opened;
  const { file, input, first, textOnly, outcomes } = context;
  const plain =
    scanned.plain === undefined || scanned.bytes === undefined
      ? undefined
      : cleanPlain(scanned.bytes, scanned.plain, { name, image }, textOnly);
  if (plain === undefined) return cleanParsed(opened, parsed ?? parseSample(scanned, file), image, context);
  const source = name === undefined ? TEXT_SOURCE : outcomes.sourceOf(name, true);
  const outcome = outcomes.of(input, source, { kept: true, changes: plain.changes, image });
  const index = first + scanned.index;
  return { kept: true, index, bytes: plain.bytes, lineFeeds: scanned.lineFeeds, outcome };
}

function cleanParsed(
  { scanned }: Opened,
  parsed: ParsedSample,
  image: ImageFinding | undefined,
  { input, first, textOnly, outcomes }: BatchContext,
): Cleaned {
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
