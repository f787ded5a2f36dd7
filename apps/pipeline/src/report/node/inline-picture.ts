import { readFile } from 'node:fs/promises';
import { StageError, toIoError } from '@flexattn/stage';
import sharp from 'sharp';

/** Formats that every browser shows. */
const SHOWN_BY_BROWSERS = new Set<string>(['png', 'jpeg', 'gif', 'webp']);

/** Longest sides that a picture is reduced to, pixels, until it is small enough. */
const SIDES = [448, 320, 224, 160, 96] as const;

/** A picture for the page. */
export interface ReadPicture {
  /** Its bytes as a data URI; null where none were wanted. */
  href: string | null;
  /** Whether its orientation tag turns it in a browser; no model applies the tag, and neither does `href`. */
  turned: boolean;
}

/**
 * A picture for the page: its own bytes where there are at most `maxBytes`, else reduced to a JPEG of at most so many
 * (or the smallest one); 0: only its header is read. A picture with an orientation tag is encoded again without.
 * Not a picture: `BAD_CONTENT`.
 */
export async function readPicture(file: string, maxBytes: number): Promise<ReadPicture> {
  try {
    if (maxBytes === 0) return { href: null, turned: isTurned(await sharp(file).metadata()) };
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw toIoError(cause, file);
    });
    const { format, ...metadata } = await sharp(bytes).metadata();
    const turned = isTurned(metadata);
    const asItIs = bytes.length <= maxBytes && !turned && SHOWN_BY_BROWSERS.has(format);
    return {
      href: asItIs ? dataUri(format, bytes) : dataUri('jpeg', await reduced(bytes, maxBytes)),
      turned,
    };
  } catch (cause) {
    if (cause instanceof StageError) throw cause;
    throw new StageError('BAD_CONTENT', 'expected a picture, got bytes that do not decode', {
      file,
      hint: 'fetch it again',
      cause,
    });
  }
}

function isTurned({ orientation = 1 }: { orientation?: number | undefined }): boolean {
  return orientation !== 1;
}

async function reduced(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  let smallest: Uint8Array = bytes;
  for (const side of SIDES) {
    smallest = await sharp(bytes)
      .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
      .removeAlpha()
      .jpeg({ quality: 82 })
      .toBuffer();
    if (smallest.length <= maxBytes) break;
  }
  return smallest;
}

function dataUri(format: string, bytes: Uint8Array): string {
  return `data:image/${format};base64,${Buffer.from(bytes).toString('base64')}`;
}
