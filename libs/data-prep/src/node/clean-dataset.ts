import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock, createProgress, toIoError } from '@flexattn/stage';
import { z } from 'zod';
import { cleanBatch } from '../clean-batch.js';
import type { TextOnly } from '../clean-sample.js';
import { DataPrepError } from '../errors.js';
import type { ImageIndex, VerifyLevel } from '../image-index.js';
import { CleanTally, type CleanReport } from '../report.js';
import { SampleScanner, type ScannedSample } from '../sample-scanner.js';
import { openAnnotations, type AnnotationFile } from './annotation-file.js';
import { NO_OUTPUT, openCleanOutput, type CleanOutput } from './clean-output.js';
import { errnoOf } from './errno.js';
import { openImageIndex } from './image-files.js';

const settings = z.strictObject({
  annotations: z.string().min(1),
  images: z.string().min(1),
  out: z.string().min(1),
  verify: z.enum(['exists', 'header', 'decode']).default('header'),
  textOnly: z.enum(['placeholder', 'keep', 'drop']).default('placeholder'),
  dryRun: z.boolean().default(false),
  quiet: z.boolean().default(false),
  signal: z.instanceof(AbortSignal).optional(),
});
type Settings = z.output<typeof settings>;

/** Settings of `cleanDataset`. */
export interface CleanOptions {
  /** A JSON array of samples, or JSON lines; plain or gzip. */
  annotations: string;
  /** The folder that the samples' image names start from. */
  images: string;
  /** The folder for the results; made if it is not there. */
  out: string;
  /** `exists`: the file is there; `header` (default): also its first bytes are those of a picture. */
  verify?: VerifyLevel | undefined;
  /** Samples without an image: `placeholder` (default) gives them a tag, `keep` leaves them, `drop` drops them. */
  textOnly?: TextOnly | undefined;
  /** Reads everything and writes nothing. */
  dryRun?: boolean | undefined;
  /** No progress on standard error. */
  quiet?: boolean | undefined;
  /** Ends the run; nothing of it is left. */
  signal?: AbortSignal | undefined;
}

/**
 * Cleans an annotation file: `annotations.json` (an array, one sample a line unless its own bytes hold line feeds),
 * `rejects.jsonl`, `missing-images.txt` and `report.json` appear in `out` together, or not at all. One bad sample never
 * ends a run; a `DataPrepError` (or stage's for disk, lock and permissions) does. Memory does not grow with the file.
 */
export async function cleanDataset(options: CleanOptions): Promise<CleanReport> {
  const checked = checkOptions(options);
  const { annotations, out, dryRun } = checked;
  const images = await openImageIndex(checked.images, checked);
  const file = await openAnnotations(annotations);
  if (dryRun) return cleanAll(checked, file, images, NO_OUTPUT);
  await refuseOverwriting(annotations, join(out, 'annotations.json'));
  const release = await acquireLock(join(out, '.clean.lock'));
  try {
    const output = await openCleanOutput(out);
    try {
      const report = await cleanAll(checked, file, images, output);
      await output.commit(report);
      return report;
    } catch (error) {
      await output.abort();
      throw error;
    }
  } finally {
    await release();
  }
}

function checkOptions(options: CleanOptions): Settings {
  const result = settings.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const item = issue === undefined || issue.path.length === 0 ? undefined : issue.path.map(String).join('.');
  throw new DataPrepError('BAD_OPTION', issue?.message ?? 'unexpected options', {
    item,
    cause: result.error,
  });
}

/** The output replaces what stands under its name: that must not be the input. */
async function refuseOverwriting(annotations: string, output: string): Promise<void> {
  if ((await realPath(annotations)) !== (await realPath(output))) return;
  throw new DataPrepError('BAD_OPTION', 'the output would replace the input', {
    file: annotations,
    hint: 'choose another output folder',
  });
}

/** Undefined where there is no such file. */
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw toIoError(cause, path);
  }
}

async function cleanAll(
  { annotations, textOnly, quiet, signal }: Settings,
  file: AnnotationFile,
  images: ImageIndex,
  output: CleanOutput,
): Promise<CleanReport> {
  const tally = new CleanTally();
  const scanner = new SampleScanner(annotations);
  const progress = createProgress({ label: 'clean', total: file.size, unit: 'bytes', quiet });
  const start = performance.now();
  let samples = 0;
  let shown = 0;
  const clean = async (scanned: ScannedSample[]) => {
    const { kept, rejects } = await cleanBatch(scanned, { file: annotations, images, textOnly, tally });
    await output.keep(kept);
    await output.reject(rejects);
    samples += scanned.length;
    const perSecond = Math.round(samples / Math.max((performance.now() - start) / 1000, 1e-3));
    progress.advance(file.bytesRead() - shown, `${samples} samples, ${perSecond} samples/s`);
    shown = file.bytesRead();
  };
  for await (const chunk of file.chunks()) {
    signal?.throwIfAborted();
    await clean(scanner.push(chunk));
  }
  await clean(scanner.end());
  signal?.throwIfAborted();
  await images.checkRoot();
  progress.finish(`${samples} samples`);
  return tally.report();
}
