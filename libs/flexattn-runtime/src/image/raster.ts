/** An 8-bit RGB picture, three bytes a pixel, row by row. */
export interface Raster {
  data: Uint8Array;
  width: number;
  height: number;
}

/** Rows that a band of a picture begins at: multiples of this, so that vectors never reach over a border. */
export const BAND_ROWS = 4;

/** A picture as strips over its whole width, from the top, which are there one after another. */
export interface BandedPicture {
  width: number;
  height: number;
  bands: readonly Promise<Raster>[];
}

/** A picture that is there as a whole. */
export function wholeBand(picture: Raster): BandedPicture {
  return { width: picture.width, height: picture.height, bands: [Promise.resolve(picture)] };
}

/** A picture file whose header was read; its pixels are decoded when its size is known to be within limits. */
export interface OpenedPicture {
  width: number;
  height: number;
  decode(): Raster | Promise<Raster>;
  /** The same pixels in bands, where that is sooner; decodes from when it is called. */
  decodeBands?: () => readonly Promise<Raster>[];
}

/** CLIP's statistics of a channel value on a 0-1 scale, 32-bit as torch and NumPy hold them. */
export const CLIP_MEAN = Float32Array.of(0.48145466, 0.4578275, 0.40821073);
export const CLIP_STD = Float32Array.of(0.26862954, 0.26130258, 0.27577711);

/** The colour that pictures are padded with, (122, 116, 104). */
export const PADDING_COLOUR = Uint8Array.from(CLIP_MEAN, (mean) => Math.trunc(mean * 255));

/** Pads to a centred square with the mean colour; the offset is the floor of half the difference. */
export function padToSquare(picture: Raster): Raster {
  const side = Math.max(picture.width, picture.height);
  return padTo(picture, side, side);
}

/** `padToSquare` for a canvas of any size that holds the picture. */
export function padTo({ data, width, height }: Raster, toWidth: number, toHeight: number): Raster {
  if (width === toWidth && height === toHeight) return { data, width, height };
  const out = new Uint8Array(toWidth * toHeight * 3);
  for (let x = 0; x < toWidth; x++) out.set(PADDING_COLOUR, x * 3);
  for (let y = 1; y < toHeight; y++) out.copyWithin(y * toWidth * 3, 0, toWidth * 3);
  const left = Math.floor((toWidth - width) / 2);
  const top = Math.floor((toHeight - height) / 2);
  for (let y = 0; y < height; y++) {
    out.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * toWidth + left) * 3);
  }
  return { data: out, width: toWidth, height: toHeight };
}

/** [3, height, width] of (value / 255 - mean) / std, each step rounded to 32 bits. */
export function normalise({ data, width, height }: Raster): Float32Array {
  const plane = width * height;
  const out = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    const table = normalisedLevels(CLIP_MEAN[channel] ?? 0, CLIP_STD[channel] ?? 1);
    for (let at = 0; at < plane; at++) out[channel * plane + at] = table[data[at * 3 + channel] ?? 0] ?? 0;
  }
  return out;
}

/** What each of the 256 levels of one channel becomes. */
function normalisedLevels(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, level) =>
    Math.fround(Math.fround(Math.fround(level / 255) - mean) / std),
  );
}
