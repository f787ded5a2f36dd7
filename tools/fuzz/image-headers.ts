import { writeFileSync } from 'node:fs';
import { extname, join as joinPath } from 'node:path';
import { openImageIndex } from '@flexattn/data-prep';
import { readImage } from '@flexattn/flexattn-runtime';
import { FlexattnError } from '@flexattn/stage';
import type { Random } from '../tiny/random.js';
import { corpusFiles, temporaryFolder } from './corpus.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { mutateBytes } from './mutations.js';

/** Pixels that are still decoded here: a few bytes can claim 178 million, which are within the limits of both. */
const MAX_DECODED = 1 << 20;

/**
 * Pictures of six types, by the looks of `clean` (first bytes, then all of it) and by the reader that the model gets its
 * pixels from: what `clean` lets pass, that one must read. Not GIF, whose damaged frames two decoders see differently,
 * and not TIFF, of which that reader refuses a kind that is whole.
 */
export function imageHeadersTarget(): FuzzTarget {
  const { path, close } = temporaryFolder();
  const kinds = [...corpusFiles('image-headers')].map(([name, bytes]) => [
    name,
    (random: Random) => mutateBytes(bytes, random),
  ]);
  return {
    kinds: Object.fromEntries(kinds) as FuzzTarget['kinds'],
    close,
    warmUp: 2000,
    read: (bytes, kind) => readBoth(path, `picture${extname(kind)}`, bytes),
  };
}

async function readBoth(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  writeFileSync(joinPath(folder, name), bytes);
  const seen = await look(folder, name, 'header');
  const read = await pixels(bytes);
  if (read === 'large') return read;
  const decoded = await look(folder, name, 'decode');
  if (seen !== 'read' && decoded === 'read') throw new Error(`${seen} by its first bytes, but decoded`);
  if (decoded === 'read' && !/\.(gif|tif)$/.test(name) && read !== 'read') {
    throw new Error(`clean lets it pass, the model's reader says ${read}`);
  }
  return `${decoded}, ${read}`;
}

async function look(folder: string, name: string, verify: 'header' | 'decode'): Promise<string> {
  const index = await openImageIndex(folder, { verify });
  try {
    const finding = await index.resolve(name);
    return 'problem' in finding ? finding.problem : 'read';
  } finally {
    await index.close();
  }
}

async function pixels(bytes: Uint8Array): Promise<string> {
  try {
    const image = await readImage(bytes);
    const { width, height } = await image.size();
    if (width * height > MAX_DECODED) return 'large';
    const raster = await image.raster();
    if (raster.data.length !== raster.width * raster.height * 3) throw new Error('another number of samples');
    return 'read';
  } catch (error) {
    if (error instanceof FlexattnError) return String(error.code);
    throw error;
  }
}
