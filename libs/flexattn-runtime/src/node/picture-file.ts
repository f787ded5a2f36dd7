import sharp from 'sharp';
import type { Metadata, Sharp } from 'sharp';
import { openBmp } from '../image/bmp.js';
import { rgbOfCmyk, rgbOfGrey16, rgbOfYcbcr } from '../image/colour-models.js';
import { openGif } from '../image/gif.js';
import { BAND_ROWS } from '../image/raster.js';
import type { OpenedPicture, Raster } from '../image/raster.js';
import { readTiffTags, TIFF_TAG } from '../image/tiff-tags.js';

/** What sharp decodes for us; it opens drawings and documents too, which are no photographs. */
const FORMATS = new Set<string>(['jpeg', 'png', 'webp', 'tiff']);

/** How a file's samples become RGB where libvips and Pillow differ; `rgb`: where they do not. */
type Samples = 'rgb' | 'cmyk' | 'ycbcr' | 'grey16';

/** Pixels from which on a JPEG is decoded in bands: below, a second decoder costs more than waiting. */
const BANDED_PIXELS = 4_000_000;
/**
 * Share of the rows in the first of two bands, which are decoded at once. A decoder of the second reads all that is
 * before it too, so the first is there in time to be resized meanwhile.
 */
const FIRST_BAND = 0.5;

/** The photometric interpretation and compressions of TIFF 6.0 that are told apart here. */
const [TIFF_YCBCR, TIFF_UNCOMPRESSED, TIFF_JPEG] = [6, 1, 7];
/** Where PNG's colour type lies (IHDR), and that of grey without alpha. */
const [PNG_COLOUR_TYPE_AT, PNG_GREY] = [25, 0];

/**
 * Opens a picture file of any kind that Pillow reads and that data is kept in: JPEG, PNG, WebP and TIFF by sharp, GIF
 * and BMP by readers of our own. Decoding gives what Pillow's `convert("RGB")` gives: the first frame or page;
 * transparency, colour profiles and gamma are dropped; an orientation tag counts in a TIFF alone.
 *
 * @throws Error that says what is wrong; the caller names the file
 */
export async function openPicture(bytes: Uint8Array): Promise<OpenedPicture> {
  if (beginsWith(bytes, 'BM')) return openBmp(bytes);
  if (beginsWith(bytes, 'GIF8')) return openGif(bytes);
  // libvips calls a TIFF that ends too early an error, not truncated.
  const failOn = beginsWith(bytes, 'II') || beginsWith(bytes, 'MM') ? 'error' : 'truncated';
  const image = sharp(bytes, { limitInputPixels: false, failOn, ignoreIcc: true });
  const metadata = await image.metadata();
  const { format, orientation = 1 } = metadata;
  if (!FORMATS.has(format)) throw new Error(`format ${format}`);
  const turned = format === 'tiff' && orientation > 1;
  const { width, height } = turned ? metadata.autoOrient : metadata;
  return {
    width,
    height,
    decode: () => decodeSharp(turned ? image.autoOrient() : image, samplesOf(bytes, metadata)),
    ...(isBanded(bytes, metadata) && { decodeBands: () => decodeBands(image, metadata) }),
  };
}

/** A progressive JPEG is read as a whole before its first row is there. */
function isBanded(bytes: Uint8Array, metadata: Metadata): boolean {
  const { format, width, height, isProgressive } = metadata;
  if (format !== 'jpeg' || isProgressive || width * height < BANDED_PIXELS) return false;
  return samplesOf(bytes, metadata) === 'rgb';
}

function decodeBands(image: Sharp, { width, height }: Metadata): Promise<Raster>[] {
  const border = Math.floor((height * FIRST_BAND) / BAND_ROWS) * BAND_ROWS;
  return [
    [0, border],
    [border, height],
  ].map(([top = 0, end = 0]) =>
    decodeSharp(image.clone().extract({ left: 0, top, width, height: end - top }), 'rgb'),
  );
}

function beginsWith(bytes: Uint8Array, magic: string): boolean {
  return Buffer.from(bytes.subarray(0, magic.length)).toString('latin1') === magic;
}

function samplesOf(bytes: Uint8Array, { format, space, channels }: Metadata): Samples {
  if (space === 'cmyk') return 'cmyk';
  // Grey with a transparent level comes with two channels, but Pillow does not read it as grey with alpha.
  if (format === 'png' && space === 'grey16' && bytes[PNG_COLOUR_TYPE_AT] === PNG_GREY) return 'grey16';
  if (format !== 'tiff') return 'rgb';
  if (space === 'grey16' && channels === 1) return 'grey16';
  const tags = readTiffTags(bytes);
  const valueOf = (tag: number) => tags.get(tag)?.[0];
  if (valueOf(TIFF_TAG.photometric) !== TIFF_YCBCR || valueOf(TIFF_TAG.compression) === TIFF_JPEG)
    return 'rgb';
  const subsampling = tags.get(TIFF_TAG.ycbcrSubsampling) ?? [2, 2];
  if (subsampling.every((step) => step === 1)) return 'ycbcr';
  // Pillow leaves these to libtiff, as libvips does, where they are compressed, and reads no others.
  if (valueOf(TIFF_TAG.compression) !== TIFF_UNCOMPRESSED) return 'rgb';
  const kind = `uncompressed YCbCr with subsampled chroma (${subsampling.join(' x ')})`;
  throw new Error(`a TIFF of ${kind}, which Pillow does not read either`);
}

async function decodeSharp(image: Sharp, samples: Samples): Promise<Raster> {
  const { data, width, height } = await rawSamples(image, samples);
  switch (samples) {
    case 'cmyk':
      return { data: rgbOfCmyk(data), width, height };
    case 'ycbcr':
      return { data: rgbOfYcbcr(data), width, height };
    case 'grey16':
      return {
        data: rgbOfGrey16(new Uint16Array(data.buffer, data.byteOffset, width * height)),
        width,
        height,
      };
    case 'rgb':
      return { data, width, height };
  }
}

async function rawSamples(image: Sharp, samples: Samples): Promise<Raster> {
  const decoded =
    samples === 'cmyk'
      ? image.pipelineColourspace('cmyk').toColourspace('cmyk').raw({ depth: 'uchar' })
      : samples === 'grey16'
        ? image.toColourspace('grey16').removeAlpha().raw({ depth: 'ushort' })
        : image.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' });
  const { data, info } = await decoded.toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
