import { basename } from 'node:path';
import type { GoldenImage, VerifyGoldenOptions } from '@flexattn/flexattn-runtime';
import { verifyTrainingGolden, type GoldenTraining } from '@flexattn/train';

/** What one golden folder gave; a generation case has images, a training case has training. */
export interface VerifiedCase {
  /** The folder's name. */
  case: string;
  ok: boolean;
  images: GoldenImage[];
  training: GoldenTraining[];
}

export interface VerifyOptions extends Pick<VerifyGoldenOptions, 'device' | 'graphs' | 'signal'> {
  /** Gives the interpreter for training cases; asked only where there is one. */
  python: () => Promise<string>;
}

/** Runs golden folders of the specification (section 6); the kind of each is told by its `expected.json`. */
export async function verifyCases(
  folders: readonly string[],
  { python, ...options }: VerifyOptions,
): Promise<VerifiedCase[]> {
  const { goldenKind, verifyGolden } = await import('@flexattn/flexattn-runtime');
  const cases: VerifiedCase[] = [];
  for (const folder of folders) {
    if ((await goldenKind(folder)) === 'generation') {
      cases.push(...(await verifyGolden([folder], options)).cases);
      continue;
    }
    const training = await verifyTrainingGolden(folder, { python: await python(), signal: options.signal });
    cases.push({ case: basename(folder), ok: training.every(({ ok }) => ok), images: [], training });
  }
  return cases;
}
