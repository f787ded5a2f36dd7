import { createHash } from 'node:crypto';
import { RuntimeError } from '../error.js';
import type { PictureSize } from '../explain/boxes.js';
import { wholeBand } from '../image/raster.js';
import type { BandedPicture, Raster } from '../image/raster.js';
import { EncodedImage, readImage } from './image.js';
import type { ImageSource } from './image.js';

/** A picture that is known by its content; its pixels are there when they are asked for. */
export interface Photograph {
  sha256: string;
  raster(): Promise<Raster>;
  /** The same pixels for whoever can begin before all of them are there. */
  bands(): Promise<BandedPicture>;
  /** Known without decoding anything. */
  size(): Promise<PictureSize>;
}

/**
 * A picture in any form that a question may come with.
 *
 * @throws FlexattnError FILE_MISSING, FILE_UNREADABLE or NOT_A_FILE; RuntimeError IMAGE_UNREADABLE for pixels that do
 * not fill the picture
 */
export async function photographOf(image: ImageSource | Photograph | Raster): Promise<Photograph> {
  if (typeof image === 'string' || image instanceof Uint8Array) return readImage(image);
  if (!('data' in image)) return image;
  const { data, width, height } = image;
  if (width < 1 || height < 1 || data.length !== 3 * width * height) {
    const what = `expected 3 bytes for each of ${width} x ${height} pixels, got ${data.length} bytes`;
    throw new RuntimeError('IMAGE_UNREADABLE', what, { hint: 'give 8-bit RGB, row by row' });
  }
  const sha256 = createHash('sha256').update(`rgb ${width} ${height}\n`).update(data).digest('hex');
  return {
    sha256,
    raster: () => Promise.resolve(image),
    bands: () => Promise.resolve(wholeBand(image)),
    size: () => Promise.resolve({ width, height }),
  };
}

/** What of a picture can be sent to another thread. */
export type SentImage = ImageSource | Raster | { bytes: Uint8Array; name: string; isStretched: boolean };

/** The picture as it can be sent. */
export function sendable(image: ImageSource | EncodedImage | Raster): SentImage {
  if (!(image instanceof EncodedImage)) return image;
  const { bytes, name, isStretched } = image;
  return { bytes, name, isStretched };
}

/** The picture as it was before it was sent. */
export function received(image: SentImage): ImageSource | EncodedImage | Raster {
  if (typeof image === 'string' || image instanceof Uint8Array || 'data' in image) return image;
  return new EncodedImage(image.bytes, image.name, image.isStretched);
}
