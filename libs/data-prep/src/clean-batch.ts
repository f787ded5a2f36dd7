import { cleanSample, imageNameOf, type SampleResult, type TextOnly } from './clean-sample.js';
import type { Drop } from './codes.js';
import { editSample, idText } from './edit-sample.js';
import type { ImageFinding, ImageIndex } from './image-index.js';
import { parseSample, type ParsedSample } from './parse-sample.js';
import type { CleanTally } from './report.js';
import type { ScannedSample } from './sample-scanner.js';

/** A sample that is dropped. */
export interface Reject extends Drop {
  /** Its place among the samples of the file, from 0. */
  index: number;
  /** JSON text of its id, as it stands in the file; undefined where it has none. */
  id: string | undefined;
  /** The image that it names. */
  image: string | undefined;
}

/** The bytes of the samples that are kept, and the others, both in their order. */
interface CleanedBatch {
  kept: Uint8Array[];
  rejects: Reject[];
}

/** Cleans some samples of `file`: their images are looked up side by side, and every result is counted in `tally`. */
export async function cleanBatch(
  scanned: readonly ScannedSample[],
  {
    file,
    images,
    textOnly,
    tally,
  }: { file: string; images: ImageIndex; textOnly: TextOnly; tally: CleanTally },
): Promise<CleanedBatch> {
  const parsed = scanned.map((sample) => parseSample(sample, file));
  const found = await findImages(parsed, images);
  const kept: Uint8Array[] = [];
  const rejects: Reject[] = [];
  for (const [i, sample] of parsed.entries()) {
    const value = valueOf(sample);
    const result: SampleResult =
      sample.drop === undefined ? cleanSample(value, found, { textOnly }) : { kept: false, ...sample.drop };
    tally.add(value, result);
    if (!result.kept) {
      const { code, detail } = result;
      const id = sample.text === undefined ? undefined : idText(sample.text);
      rejects.push({ code, detail, id, index: scanned[i]?.index ?? i, image: imageNameOf(value) });
    } else if (sample.text !== undefined) {
      const bytes = result.changes.length === 0 ? scanned[i]?.bytes : undefined;
      kept.push(bytes ?? Buffer.from(editSample(sample.text, result.sample)));
    }
  }
  return { kept, rejects };
}

/** What is known of every image that the samples name. */
async function findImages(
  samples: readonly ParsedSample[],
  images: ImageIndex,
): Promise<Map<string, ImageFinding>> {
  const found = new Map<string, ImageFinding>();
  const unknown = new Set<string>();
  for (const sample of samples) {
    const name = imageNameOf(valueOf(sample));
    if (name === undefined || found.has(name)) continue;
    const finding = images.get(name);
    if (finding === undefined) unknown.add(name);
    else found.set(name, finding);
  }
  await Promise.all([...unknown].map(async (name) => found.set(name, await images.resolve(name))));
  return found;
}

function valueOf(sample: ParsedSample): unknown {
  return sample.drop === undefined ? sample.value : undefined;
}
