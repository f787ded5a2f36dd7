import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { toIoError } from '@flexattn/stage';
import { RuntimeError } from '../error.js';
import { resizeBicubic } from '../image/bicubic.js';
import type { PictureSize } from '../explain/boxes.js';
import { wholeBand } from '../image/raster.js';
import type { BandedPicture, OpenedPicture, Raster } from '../image/raster.js';
import { openPicture } from './picture-file.js';

/** A picture: the path of its file, or the file's bytes. */
export type ImageSource = string | Uint8Array;

/** Pixels of one picture. Pillow's own limit, above which it suspects a decompression bomb; half a gigabyte as RGB. */
const MAX_IMAGE_PIXELS = 178_956_970;

/** An image file's bytes, named by their content; decoded when asked for, once. */
export class EncodedImage {
  readonly bytes: Uint8Array;
  /** What errors call it. */
  readonly name: string;
  readonly isStretched: boolean;
  #raster: Promise<Raster> | undefined;
  #sha256: string | undefined;

  constructor(bytes: Uint8Array, name: string, isStretched = false) {
    this.bytes = bytes;
    this.name = name;
    this.isStretched = isStretched;
  }

  /** Features are kept by this: a stretched picture is another one. */
  get sha256(): string {
    const form = this.isStretched ? 'stretched' : '';
    this.#sha256 ??= createHash('sha256').update(this.bytes).update(form).digest('hex');
    return this.#sha256;
  }

  /** @throws RuntimeError IMAGE_UNREADABLE, IMAGE_TOO_LARGE */
  raster(): Promise<Raster> {
    this.#raster ??= this.#decode();
    return this.#raster;
  }

  /**
   * The pixels of `raster` for whoever can begin before all of them are there; not kept. Throws as `raster` does, a
   * band's promise too.
   */
  async bands(): Promise<BandedPicture> {
    if (this.#raster === undefined && !this.isStretched) {
      const picture = await openImage(this.bytes, this.name, ({ width, height, decodeBands }) => ({
        width,
        height,
        bands: decodeBands?.().map((band) => this.#named(band)),
      }));
      const { width, height, bands } = picture;
      if (bands !== undefined) {
        // Other threads decode meanwhile.
        this.#sha256 = this.sha256;
        return { width, height, bands };
      }
    }
    return wholeBand(await this.raster());
  }

  /** Of `raster`, from the header alone where nothing is decoded yet. Throws as `raster` does. */
  async size(): Promise<PictureSize> {
    if (this.#raster !== undefined) return this.#raster;
    const { width, height } = await openImage(this.bytes, this.name, (picture) => picture);
    const side = Math.max(width, height);
    return this.isStretched ? { width: side, height: side } : { width, height };
  }

  /** The same picture stretched to a square of its longer side (Pillow's bicubic), so that it needs no padding. */
  stretched(): EncodedImage {
    return new EncodedImage(this.bytes, this.name, true);
  }

  /** A band of ours, or what is wrong with us; whoever waits for another band hears of it there. */
  #named(band: Promise<Raster>): Promise<Raster> {
    const named = band.catch((cause: unknown) => {
      throw unreadable(this.bytes, this.name, cause);
    });
    named.catch(() => undefined);
    return named;
  }

  async #decode(): Promise<Raster> {
    const picture = await openImage(this.bytes, this.name, (opened) => {
      const decoding = opened.decode();
      // Another thread decodes meanwhile.
      this.#sha256 = this.sha256;
      return decoding;
    });
    const side = Math.max(picture.width, picture.height);
    return this.isStretched ? resizeBicubic(picture, side, side) : picture;
  }
}

/**
 * @param name - what errors call the picture; default: its path
 * @throws FlexattnError FILE_MISSING, FILE_UNREADABLE or NOT_A_FILE
 */
export async function readImage(source: ImageSource, name?: string): Promise<EncodedImage> {
  if (typeof source !== 'string') return new EncodedImage(source, name ?? 'image');
  try {
    return new EncodedImage(await readFile(source), name ?? source);
  } catch (cause) {
    throw toIoError(cause, name ?? source);
  }
}

/** What `use` makes of a picture whose size is within limits. Decoding gives what Pillow's `convert("RGB")` gives. */
async function openImage<T>(
  bytes: Uint8Array,
  name: string,
  use: (picture: OpenedPicture) => T | Promise<T>,
): Promise<T> {
  try {
    const picture = await openPicture(bytes);
    // Checked before anything is decoded, so that the message can tell both numbers.
    if (picture.width * picture.height > MAX_IMAGE_PIXELS)
      throw tooLarge(name, picture.width, picture.height);
    return await use(picture);
  } catch (cause) {
    if (cause instanceof RuntimeError) throw cause;
    throw unreadable(bytes, name, cause);
  }
}

function unreadable(bytes: Uint8Array, name: string, cause: unknown): RuntimeError {
  const what = `expected a JPEG, PNG, WebP, GIF, TIFF or BMP picture, got ${describe(bytes, cause)}`;
  return new RuntimeError('IMAGE_UNREADABLE', what, { file: name, hint: 'replace the picture', cause });
}

function tooLarge(name: string, width: number, height: number): RuntimeError {
  const what = `expected at most ${MAX_IMAGE_PIXELS} pixels, got ${width} x ${height}`;
  return new RuntimeError('IMAGE_TOO_LARGE', what, { file: name, hint: 'make the picture smaller' });
}

function describe(bytes: Uint8Array, cause: unknown): string {
  if (bytes.length === 0) return 'an empty file';
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
  return `${bytes.length} bytes that do not decode (${reason})`;
}
