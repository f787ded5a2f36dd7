import { DataPrepError } from '../errors.js';
import { parseSample } from '../parse-sample.js';
import { toSample, type Sample } from '../sample.js';
import { SampleScanner, type ScannedSample } from '../sample-scanner.js';
import { openAnnotations } from './annotation-file.js';

/**
 * The samples of a clean annotation file (what `cleanDataset` writes, or any file like it), one at a time and in
 * order. Throws `BAD_SAMPLE` at one that has not the shape of a sample.
 */
export async function* readSamples(path: string): AsyncGenerator<Sample, void, undefined> {
  const file = await openAnnotations(path);
  const scanner = new SampleScanner(path);
  for await (const chunk of file.chunks()) {
    for (const scanned of scanner.push(chunk)) yield sampleOf(scanned, path);
  }
  for (const scanned of scanner.end()) yield sampleOf(scanned, path);
}

function sampleOf(scanned: ScannedSample, file: string): Sample {
  const parsed = parseSample(scanned, file);
  if (parsed.drop !== undefined)
    throw badSample(scanned, file, `${parsed.drop.detail} [${parsed.drop.code}]`);
  const shaped = toSample(parsed.value);
  if ('problem' in shaped) throw badSample(scanned, file, shaped.problem);
  return shaped.sample;
}

function badSample({ index }: ScannedSample, file: string, what: string): DataPrepError {
  return new DataPrepError('BAD_SAMPLE', what, {
    file,
    item: String(index),
    hint: 'run clean on the file first',
  });
}
