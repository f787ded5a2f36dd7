import { createProgress } from '@flexattn/stage';
import type { Drop } from '../codes.js';
import { DataPrepError } from '../errors.js';
import type { ImageFinding } from '../image-finding.js';
import type { ImageIndex } from '../image-index.js';
import { InspectTally, type InspectReport, type ShownSample } from '../inspect-tally.js';
import { MAX_NAME_LENGTH, MAX_SHEET_SAMPLES } from '../limits.js';
import { parseSample } from '../parse-sample.js';
import { isHuman, toSample, type Sample } from '../sample.js';
import { SeededPicks } from '../sample-picks.js';
import { SampleScanner, type ScannedSample } from '../sample-scanner.js';
import { checkSettings, FLAG, PATH, SIGNAL, wholeNumber, type Checks } from '../settings.js';
import { openAnnotations } from './annotation-file.js';
import { openImageIndex } from './image-files.js';
import { drawPictureSheet } from './picture-sheet.js';

/** Bits of a seed: 32. */
const MAX_SEED = 2 ** 32 - 1;

/** Characters of a question or an id that the sheet and the report keep. */
const MAX_SHOWN = 400;

/** Settings of `inspectDataset`. */
export interface InspectOptions {
  /** A JSON array of samples, or JSON lines; plain or gzip. */
  annotations: string;
  /** The folder that the samples' image names start from: then each image is looked up, and its first bytes. */
  images?: string | undefined;
  /** A PNG file to draw some samples into, with their pictures; asks for `images`. */
  sheet?: string | undefined;
  /** How many of them, from 1 to 200; default 12. */
  samples?: number | undefined;
  /** Which of them: a whole number below 2^32; default 1. */
  seed?: number | undefined;
  /** Chooses the samples for the sheet and draws nothing. */
  dryRun?: boolean | undefined;
  /** No progress on standard error. */
  quiet?: boolean | undefined;
  /** Ends it; no sheet is left. */
  signal?: AbortSignal | undefined;
}

type Settings = InspectOptions & { samples: number; seed: number; dryRun: boolean; quiet: boolean };

const CHECKS: Checks<InspectOptions> = {
  annotations: PATH,
  images: PATH,
  // No other name: it must not be one of the inputs, which it would replace.
  sheet: [(value) => typeof value === 'string' && /\.png$/i.test(value), 'the name of a .png file'],
  samples: wholeNumber(1, MAX_SHEET_SAMPLES),
  seed: wholeNumber(0, MAX_SEED),
  dryRun: FLAG,
  quiet: FLAG,
  signal: SIGNAL,
};

/**
 * What is in an annotation file, so that a person knows what a model is about to learn. Reads it once, in memory that
 * does not grow with it. Throws as `cleanDataset` does.
 */
export async function inspectDataset(options: InspectOptions): Promise<InspectReport> {
  const checked = checkOptions(options);
  const images =
    checked.images === undefined ? undefined : await openImageIndex(checked.images, { verify: 'header' });
  try {
    const { tally, picks } = await readAll(checked, images);
    const report = tally.report();
    if (checked.sheet === undefined || images === undefined) return report;
    const shown = await Promise.all(picks.chosen().map((pick) => withProblem(pick, images)));
    checked.signal?.throwIfAborted();
    if (!checked.dryRun) await drawPictureSheet(checked.sheet, shown, images);
    return { ...report, shown };
  } finally {
    await images?.close();
  }
}

function checkOptions(options: InspectOptions): Settings {
  checkSettings(options, CHECKS, ['annotations']);
  if (options.sheet !== undefined && options.images === undefined) {
    const hint = "name the folder that the images' paths start from";
    throw new DataPrepError('BAD_OPTION', 'a sheet needs the images', { item: 'images', hint });
  }
  const { samples = 12, seed = 1, dryRun = false, quiet = false } = options;
  return { ...options, samples, seed, dryRun, quiet };
}

async function readAll(
  { annotations, samples, seed, quiet, signal }: Settings,
  images: ImageIndex | undefined,
): Promise<{ tally: InspectTally; picks: SeededPicks<ShownSample> }> {
  const file = await openAnnotations(annotations);
  const scanner = new SampleScanner(annotations);
  const tally = new InspectTally();
  const picks = new SeededPicks<ShownSample>(seed, samples);
  const progress = createProgress({ label: 'inspect', total: file.size, unit: 'bytes', quiet });
  const inspect = async (batch: readonly ScannedSample[]) => {
    const read = batch.map((scanned) => readSample(scanned, annotations));
    const findings = await Promise.all(read.map((one) => lookUp(one, images)));
    for (const [i, one] of read.entries()) {
      const { index, byteLength } = one.scanned;
      if (one.sample === undefined) {
        tally.addUnusable(one.drop, index, byteLength);
        continue;
      }
      const { sample } = one;
      tally.add(sample, index, byteLength, findings[i]);
      picks.offer(index, () => shownOf(sample, index));
    }
  };
  let shown = 0;
  for await (const chunk of file.chunks()) {
    signal?.throwIfAborted();
    await inspect(scanner.push(chunk));
    progress.advance(file.bytesRead() - shown);
    shown = file.bytesRead();
  }
  await inspect(scanner.end());
  await images?.checkRoot();
  progress.finish();
  return { tally, picks };
}

type ReadSample = { scanned: ScannedSample } & ({ sample: Sample } | { sample?: undefined; drop: Drop });

function readSample(scanned: ScannedSample, file: string): ReadSample {
  const parsed = parseSample(scanned, file);
  if (parsed.drop !== undefined) return { scanned, drop: parsed.drop };
  const shaped = toSample(parsed.value);
  return 'problem' in shaped
    ? { scanned, drop: { code: 'BAD_SHAPE', detail: shaped.problem } }
    : { scanned, sample: shaped.sample };
}

async function lookUp(
  { sample }: ReadSample,
  images: ImageIndex | undefined,
): Promise<ImageFinding | undefined> {
  return sample?.image === undefined ? undefined : images?.lookup(sample.image);
}

function shownOf({ id, image, conversations }: Sample, index: number): ShownSample {
  const question = conversations.find(isHuman)?.value ?? '';
  return {
    index,
    id: String(id).slice(0, MAX_SHOWN),
    ...(image === undefined ? {} : { image: image.slice(0, MAX_NAME_LENGTH) }),
    question: question.replaceAll('<image>', '').trim().slice(0, MAX_SHOWN),
  };
}

async function withProblem(sample: ShownSample, images: ImageIndex): Promise<ShownSample> {
  if (sample.image === undefined) return sample;
  const finding = await images.resolve(sample.image);
  return 'problem' in finding ? { ...sample, problem: finding.problem } : sample;
}
