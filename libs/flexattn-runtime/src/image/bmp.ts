import { readRunLengths } from './bmp-run-length.js';
import type { OpenedPicture, Raster } from './raster.js';

/** What a BMP file's headers say (the names of Microsoft's `BITMAPINFOHEADER`). */
interface BmpHeader {
  width: number;
  height: number;
  topDown: boolean;
  bitCount: number;
  compression: number;
  /** Where the pixels begin, bytes from the start of the file. */
  pixelsAt: number;
  /** Red, green and blue of every index of at most 8 bits. */
  palette: Uint8Array;
}

const [BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS] = [0, 1, 2, 3];
const FILE_HEADER_BYTES = 14;
/** OS/2 1.x, which has 16-bit sizes and three bytes a palette entry. */
const CORE_HEADER_BYTES = 12;
const HEADER_BYTES = [CORE_HEADER_BYTES, 40, 52, 56, 64, 108, 124];
const BIT_COUNTS = [1, 4, 8, 16, 24, 32];
/** Where the masks of `BI_BITFIELDS` lie, inside a long header or behind a short one. */
const MASKS_AT = 54;

/** Which byte of a pixel holds red, green and blue, by the masks of a 32-bit picture; those that Pillow knows. */
const BYTES_OF_MASKS: Readonly<Record<string, readonly [number, number, number]>> = {
  'ff0000,ff00,ff': [2, 1, 0],
  'ff000000,ff0000,ff00': [3, 2, 1],
  'ff000000,ff00,ff': [3, 1, 0],
  'ff,ff00,ff0000': [0, 1, 2],
  '0,0,0': [2, 1, 0],
};
const MASKS_565 = 'f800,7e0,1f';
const MASKS_555 = '7c00,3e0,1f';

/** Writes the red, green and blue of pixel `x` of the row that begins at `row` to place `at` of `out`. */
type CopyPixel = (row: number, x: number, out: Uint8Array, at: number) => void;

/**
 * Opens a BMP file of the kinds that Pillow reads: 1, 4, 8, 16, 24 and 32 bits, palettes, bit masks, run lengths, either
 * way up. Alpha is dropped. libvips, as sharp has it, reads no BMP.
 *
 * @throws Error that says what is wrong; the caller names the file
 */
export function openBmp(bytes: Uint8Array): OpenedPicture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view);
  const { width, height } = header;
  return { width, height, decode: () => decodeBmp(view, header) };
}

function decodeBmp(view: DataView, header: BmpHeader): Raster {
  const { width, height, bitCount, compression, pixelsAt, palette } = header;
  if (compression === BI_RLE8 || compression === BI_RLE4) {
    const indices = readRunLengths(view, pixelsAt, width, height, compression === BI_RLE4);
    return paint(header, width, (row, x, out, at) => copyEntry(palette, indices[row + x] ?? 0, out, at));
  }
  const stride = Math.ceil((width * bitCount) / 32) * 4;
  requireBytes(view, pixelsAt + stride * height, 'pixels');
  const copy = pixelCopier(view, header);
  return paint(header, stride, (row, x, out, at) => copy(pixelsAt + row, x, out, at));
}

/** Every pixel, from rows that lie `stride` apart, the lowest first unless the file is top-down. */
function paint({ width, height, topDown }: BmpHeader, stride: number, copy: CopyPixel): Raster {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = (topDown ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++) copy(row, x, data, (y * width + x) * 3);
  }
  return { data, width, height };
}

function pixelCopier(view: DataView, { bitCount, compression, palette }: BmpHeader): CopyPixel {
  if (bitCount <= 8) {
    const perByte = 8 / bitCount;
    return (row, x, out, at) => {
      const shift = 8 - bitCount * ((x % perByte) + 1);
      const index = (view.getUint8(row + Math.floor(x / perByte)) >> shift) & ((1 << bitCount) - 1);
      copyEntry(palette, index, out, at);
    };
  }
  const masks = compression === BI_BITFIELDS ? masksOf(view) : MASKS_555;
  if (bitCount === 16) {
    const green = masks === MASKS_565 ? 6 : 5;
    return (row, x, out, at) => {
      const value = view.getUint16(row + 2 * x, true);
      out[at] = level(value >> (5 + green), 5);
      out[at + 1] = level(value >> 5, green);
      out[at + 2] = level(value, 5);
    };
  }
  const size = bitCount / 8;
  const [red, green, blue] = (size === 4 && BYTES_OF_MASKS[masks]) || [2, 1, 0];
  return (row, x, out, at) => {
    const pixel = row + size * x;
    out[at] = view.getUint8(pixel + red);
    out[at + 1] = view.getUint8(pixel + green);
    out[at + 2] = view.getUint8(pixel + blue);
  };
}

/** The lowest `bits` of `value` on a scale of 0 to 255. */
function level(value: number, bits: number): number {
  const most = (1 << bits) - 1;
  return Math.trunc(((value & most) * 255) / most);
}

function copyEntry(palette: Uint8Array, index: number, out: Uint8Array, at: number): void {
  for (let channel = 0; channel < 3; channel++) out[at + channel] = palette[3 * index + channel] ?? 0;
}

function readHeader(view: DataView): BmpHeader {
  requireBytes(view, FILE_HEADER_BYTES + 4, 'headers');
  const size = view.getUint32(FILE_HEADER_BYTES, true);
  if (!HEADER_BYTES.includes(size))
    throw new Error(`a BMP header of ${size} bytes, a kind that is not known`);
  requireBytes(view, FILE_HEADER_BYTES + size, 'headers');
  const core = size === CORE_HEADER_BYTES;
  const bitCount = view.getUint16(core ? 24 : 28, true);
  const compression = core ? BI_RGB : view.getUint32(30, true);
  requireKnown(view, bitCount, compression);
  const topDown = !core && view.getInt32(22, true) < 0;
  const width = core ? view.getUint16(18, true) : view.getUint32(18, true);
  const height = core ? view.getUint16(20, true) : Math.abs(view.getInt32(22, true));
  if (width === 0 || height === 0) throw new Error(`a BMP of ${width} x ${height} pixels`);
  const named = view.getUint32(10, true);
  const behind = FILE_HEADER_BYTES + size;
  if (bitCount > 8) return { width, height, topDown, bitCount, compression, pixelsAt: named, palette: EMPTY };
  const entry = core ? 3 : 4;
  const colours = (core ? 0 : view.getUint32(46, true)) || 1 << bitCount;
  const pixelsAt = named === behind ? behind + entry * colours : named;
  const palette = readPalette(view, behind, entry, Math.min(colours, 256));
  return { width, height, topDown, bitCount, compression, pixelsAt, palette };
}

const EMPTY = new Uint8Array(0);

/** 256 colours: those of the file, and greys behind them, as Pillow has it for an index that has no colour. */
function readPalette(view: DataView, at: number, entry: number, colours: number): Uint8Array {
  requireBytes(view, at + entry * colours, 'palette');
  const palette = Uint8Array.from({ length: 768 }, (_, index) => Math.floor(index / 3));
  for (let index = 0; index < colours; index++) {
    for (let channel = 0; channel < 3; channel++) {
      palette[3 * index + channel] = view.getUint8(at + entry * index + 2 - channel);
    }
  }
  return palette;
}

function requireKnown(view: DataView, bitCount: number, compression: number): void {
  const unknown = () =>
    new Error(`a BMP of ${bitCount} bits and compression ${compression}, a kind that is not known`);
  if (!BIT_COUNTS.includes(bitCount)) throw unknown();
  if (compression === BI_RGB) return;
  if (compression === BI_RLE8 && bitCount === 8) return;
  if (compression === BI_RLE4 && bitCount === 4) return;
  if (compression !== BI_BITFIELDS) throw unknown();
  const masks = masksOf(view);
  if (bitCount === 32 && masks in BYTES_OF_MASKS) return;
  if (bitCount === 24 && masks === 'ff0000,ff00,ff') return;
  if (bitCount === 16 && (masks === MASKS_565 || masks === MASKS_555)) return;
  throw new Error(`a BMP of ${bitCount} bits with the masks ${masks}, a layout that is not known`);
}

/** Masks of red, green and blue as the hexadecimal numbers that the tables above have. */
function masksOf(view: DataView): string {
  requireBytes(view, MASKS_AT + 12, 'masks');
  return [0, 4, 8].map((at) => view.getUint32(MASKS_AT + at, true).toString(16)).join();
}

function requireBytes(view: DataView, needed: number, what: string): void {
  if (view.byteLength >= needed) return;
  throw new Error(`a BMP whose ${what} end at byte ${needed}, in a file of ${view.byteLength}`);
}
