import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toIoError, withLock } from '@flexattn/stage';
import { DataPrepError } from '../errors.js';
import type { ImageIndex } from '../image-index.js';
import type { CleanReport } from '../report.js';
import { MANIFEST, OUTCOMES, type Manifest } from '../shard-manifest.js';
import { openAnnotations, STANDARD } from './annotation-file.js';
import { checkOptions, type CleanOptions, type CleanSettings } from './clean-options.js';
import {
  annotationsName,
  NO_OUTPUT,
  openCleanOutput,
  standardOutput,
  type CleanOutput,
} from './clean-output.js';
import { CleanRun, type Source } from './clean-run.js';
import { CleanSink } from './clean-sink.js';
import { errnoOf } from './errno.js';
import { openImageIndex } from './image-files.js';

/**
 * Cleans annotation files: `annotations.json` (an array, one sample a line unless its own bytes hold line feeds) or
 * `annotations.jsonl`, `rejects.jsonl`, `missing-images.txt` and `report.json` appear in `out` together, or not at all.
 * One bad sample never ends a run; a `DataPrepError` (or stage's for disk, lock and permissions) does. Memory does not
 * grow with the files, but for `dedupe` and `shuffle`: 16 to 60 bytes a sample.
 */
export async function cleanDataset(options: CleanOptions): Promise<CleanReport> {
  const checked = checkOptions(options);
  const sources = await openSources(checked);
  try {
    if (checked.dryRun) return await cleanInto(NO_OUTPUT, checked, sources, undefined);
    if (checked.out === STANDARD) return await cleanInto(standardOutput(), checked, sources, undefined);
    const written = join(checked.out, annotationsName(checked.format));
    for (const { annotations } of sources) await refuseOverwriting(annotations, written);
    return await withOutput(checked.out, checked.format, (output) =>
      cleanInto(output, checked, sources, checked.out),
    );
  } finally {
    for (const { images } of sources) await images.close();
  }
}

/** Runs `work` with the output folder locked; what it leaves half-written is removed. */
export async function withOutput<T>(
  out: string,
  format: CleanSettings['format'],
  work: (output: CleanOutput) => Promise<T>,
): Promise<T> {
  return withLock(join(out, '.clean.lock'), async () => {
    const output = await openCleanOutput(out, format);
    try {
      return await work(output);
    } catch (error) {
      await output.abort();
      throw error;
    }
  });
}

/** Each image root is one index, however many files name it. */
async function openSources(settings: CleanSettings): Promise<Source[]> {
  const { verify, out, dryRun, journal = `${resolve(out)}.images.journal` } = settings;
  const isRead = dryRun || (out === STANDARD && settings.journal === undefined);
  const roots = new Map<string, ImageIndex>();
  const sources: Source[] = [];
  try {
    for (const { annotations, images: root } of settings.sources) {
      const images = roots.get(root) ?? (await openImageIndex(root, { verify, journal, dryRun: isRead }));
      roots.set(root, images);
      sources.push({ annotations, file: await openAnnotations(annotations), images });
    }
    return sources;
  } catch (error) {
    for (const images of roots.values()) await images.close();
    throw error;
  }
}

/** `folder`: where samples wait that are shuffled. */
async function cleanInto(
  output: CleanOutput,
  settings: CleanSettings,
  sources: readonly Source[],
  folder: string | undefined,
): Promise<CleanReport> {
  const run = new CleanRun(settings);
  const sink = new CleanSink(output, { ...settings, outcomes: run.outcomes, folder });
  try {
    await run.cleanAll(sources, sink);
    const report = await sink.finish(sources.length);
    await output.commit({ ...shardFiles(settings, run, sink), 'report.json': reportText(report) });
    return report;
  } finally {
    sink.close();
  }
}

/** The text of `report.json`. */
export function reportText(report: CleanReport): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

function shardFiles(
  settings: CleanSettings,
  run: CleanRun,
  sink: CleanSink,
): Record<string, string | Uint8Array> {
  const { shard, verify, textOnly, format, shuffle, dedupe, limit } = settings;
  if (shard === undefined) return {};
  const manifest: Manifest = {
    version: 1,
    shard,
    inputs: run.inputs,
    settings: { verify, textOnly, format, shuffle, dedupe, limit },
    samples: run.samples,
    outcomes: [...run.outcomes.list],
  };
  return { [OUTCOMES]: sink.outcomeBytes(), [MANIFEST]: `${JSON.stringify(manifest)}\n` };
}

/** The output replaces what stands under its name: that must not be the input. */
async function refuseOverwriting(annotations: string, output: string): Promise<void> {
  if (annotations === STANDARD || (await realPath(annotations)) !== (await realPath(output))) return;
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
