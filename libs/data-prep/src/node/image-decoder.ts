import { lstat } from 'node:fs/promises';
import pLimit from 'p-limit';
import type { Metadata } from 'sharp';
import { packLook, unpackLook, type ImageFacts, type ImageNote } from '../image-facts.js';
import { imageTypeOf, type ImageType } from '../image-type.js';
import { DECODES, LARGE_PIXELS, MAX_DECODE_MS, MAX_PIXELS } from '../limits.js';
import { hasCoarseChroma } from '../tiff-chroma.js';
import type { ImageJournal } from './image-journal.js';
import { readImage } from './read-image.js';

/** Types that go to the decoder. It knows more, of which SVG, for one, may name other files. */
const DECODED: ReadonlySet<ImageType> = new Set(['png', 'jpeg', 'gif', 'webp', 'tiff']);

/** Side of the result, in pixels: all of the source goes into it, so all of it is decoded, in little memory. */
const SIDE = 8;

/** Decodes whole pictures, a few at a time and large ones one by one; of those with several frames the first. */
export class ImageDecoder {
  readonly #journal: ImageJournal | undefined;
  readonly #few = pLimit(DECODES);
  readonly #alone = pLimit(1);

  /** `journal` remembers what was decoded. */
  constructor(journal: ImageJournal | undefined) {
    this.#journal = journal;
  }

  /**
   * What the file `path` is, which is opened as `opened`: decoded, unless the journal knows it. Throws what the system
   * says of the file.
   */
  async look(path: string, opened = path): Promise<ImageFacts | 'missing'> {
    if (this.#journal !== undefined) {
      const stats = await lstat(opened, { bigint: true });
      const known = stats.isFile() ? this.#journal.get(path, stats) : undefined;
      if (known !== undefined) return { size: Number(stats.size), ...unpackLook(known) };
    }
    return this.#few(() => this.#readAndLook(path, opened));
  }

  async #readAndLook(path: string, opened: string): Promise<ImageFacts | 'missing'> {
    const image = await readImage(opened);
    if (image === 'missing') return image;
    const { stats, header, bytes } = image;
    const look = { type: imageTypeOf(header), ...(await this.#decode(bytes, imageTypeOf(header))) };
    // Slow may mean a busy machine: the next run tries again.
    if (look.fault !== 'too slow') this.#journal?.add(path, stats, packLook(look));
    return { size: Number(stats.size), ...look };
  }

  async #decode(
    bytes: Uint8Array | undefined,
    type: ImageType | undefined,
  ): Promise<Pick<ImageFacts, 'fault' | 'notes'>> {
    if (bytes === undefined) return { fault: 'too many bytes' };
    if (type === undefined) return {};
    if (!DECODED.has(type)) return { fault: 'no decoder' };
    // Loaded here, as no other level needs its time and memory.
    const { default: sharp } = await import('sharp');
    // Any warning counts: with the milder settings a JPEG with broken codes passes as grey blocks.
    const picture = sharp(bytes, { failOn: 'warning', limitInputPixels: false, ignoreIcc: true });
    let start = performance.now();
    const decodeAll = ({ width, height }: Metadata) => {
      start = performance.now();
      // Taking all of it as an extract keeps the decoder from skipping what a small result does not need.
      const whole = picture.extract({ left: 0, top: 0, width, height });
      return whole
        .timeout({ seconds: MAX_DECODE_MS / 1000 })
        .resize(SIDE, SIDE, { fit: 'fill' })
        .raw()
        .toBuffer();
    };
    try {
      const header = await picture.metadata();
      if (type === 'tiff' && hasCoarseChroma(bytes)) return { fault: 'no decoder' };
      const pixels = header.width * header.height;
      if (pixels > MAX_PIXELS) return { fault: 'too many pixels' };
      await (pixels > LARGE_PIXELS ? this.#alone(() => decodeAll(header)) : decodeAll(header));
      return { notes: notesOf(header) };
    } catch {
      // The decoder's message cannot be used: pictures that are decoded at the same time share its buffer.
      return { fault: performance.now() - start < MAX_DECODE_MS ? 'damaged' : 'too slow' };
    }
  }
}

function notesOf({ pages = 1, space, depth, orientation = 1 }: Metadata): ImageNote[] {
  const notes: ImageNote[] = [];
  if (pages > 1) notes.push('animated');
  if (space === 'cmyk') notes.push('cmyk');
  if (depth !== 'uchar') notes.push('16 bits');
  if (orientation > 1) notes.push('exif orientation');
  return notes;
}
