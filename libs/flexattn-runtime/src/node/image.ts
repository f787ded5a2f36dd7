import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { toIoError } from '@flexattn/stage';
import sharp from 'sharp';
import { RuntimeError } from '../error.js';
import { resizeBicubic } from '../image/bicubic.js';
import type { Raster } from '../image/raster.js';

/** A picture: the path of its file, or the file's bytes. */
export type ImageSource = string | Uint8Array;

/** Pixels of one picture. Pillow's own limit, above which it suspects a decompression bomb; half a gigabyte as RGB. */
const MAX_IMAGE_PIXELS = 178_956_970;

/** What Pillow opens by itself too; vector formats and documents are not photographs. */
const FORMATS = new Set<string>(['jpeg', 'png', 'webp', 'gif', 'tiff']);

/** An image file's bytes, named by their content; decoded when asked for, once. */
export class EncodedImage {
  readonly sha256: string;
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #raster: Promise<Raster> | undefined;

  constructor(bytes: Uint8Array, name: string, form = '') {
    this.sha256 = createHash('sha256').update(bytes).update(form).digest('hex');
    this.#bytes = bytes;
    this.#name = name;
  }

  /** @throws RuntimeError IMAGE_UNREADABLE, IMAGE_TOO_LARGE */
  raster(): Promise<Raster> {
    this.#raster ??= decodeImage(this.#bytes, this.#name);
    return this.#raster;
  }

  /** The same picture stretched to a square of its longer side (Pillow's bicubic), so that it needs no padding. */
  stretched(): EncodedImage {
    // Features are kept by `sha256`: the stretched picture is another one.
    const square = new EncodedImage(this.#bytes, this.#name, 'stretched');
    square.#raster = this.raster().then((picture) => {
      const side = Math.max(picture.width, picture.height);
      return resizeBicubic(picture, side, side);
    });
    return square;
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

/**
 * Decodes to 8-bit RGB as Pillow's `convert("RGB")` does: transparency is dropped, the colour profile and the
 * orientation tag are not applied.
 */
async function decodeImage(bytes: Uint8Array, name: string): Promise<Raster> {
  try {
    // The limit is ours, checked before anything is decoded, so that the message can tell both numbers.
    const image = sharp(bytes, { limitInputPixels: false, failOn: 'truncated', ignoreIcc: true });
    const { format, width, height } = await image.metadata();
    if (!FORMATS.has(format)) throw new Error(`format ${format}`);
    if (width * height > MAX_IMAGE_PIXELS) throw tooLarge(name, width, height);
    const rgb = image.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' });
    const { data, info } = await rgb.toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  } catch (cause) {
    if (cause instanceof RuntimeError) throw cause;
    const what = `expected a JPEG, PNG, WebP, GIF or TIFF picture, got ${describe(bytes, cause)}`;
    throw new RuntimeError('IMAGE_UNREADABLE', what, { file: name, hint: 'replace the picture', cause });
  }
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
