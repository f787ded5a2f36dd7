import { extname } from 'node:path';
import { pathExists, readJsonAs } from '@flexattn/stage';
import sharp from 'sharp';
import { z } from 'zod';
import type { SizedAnswer } from '../size-plot.js';
import type { ReadColumn } from './read-columns.js';

/** Of a picture's annotation in V*: boxes in pixels of the objects that are asked about. */
const annotationSchema = z.object({
  bbox: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])).default([]),
});

/**
 * Answers about objects of known size: V* has an annotation with boxes beside each picture, of which the smallest
 * counts. Other benchmarks tell no sizes.
 *
 * @param pathOf - the file of a picture as an item names it
 */
export async function readSizedAnswers(
  columns: readonly ReadColumn[],
  pathOf: (image: string) => string,
): Promise<SizedAnswer[]> {
  const shares = new Map<string, number | null>();
  const answers: SizedAnswer[] = [];
  for (const [position, { name, lines }] of columns.entries()) {
    for (const { id, benchmark, image, score } of lines) {
      if (benchmark !== 'vstar' || score === null) continue;
      const share = shares.get(image) ?? (await objectShare(pathOf(image)));
      shares.set(image, share);
      if (share !== null) answers.push({ id, model: name, position, share, score });
    }
  }
  return answers;
}

async function objectShare(picture: string): Promise<number | null> {
  const file = `${picture.slice(0, -extname(picture).length)}.json`;
  if (!(await pathExists(file))) return null;
  const { bbox } = await readJsonAs(file, annotationSchema);
  if (bbox.length === 0) return null;
  const { width, height } = await sharp(picture).metadata();
  return Math.min(...bbox.map(([, , w, h]) => w * h)) / (width * height);
}
