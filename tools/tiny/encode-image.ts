import { crc32 } from 'node:zlib';
import { zlibSync } from 'fflate';
import jpeg from 'jpeg-js';

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** A picture of few colours: one palette index a pixel, row by row. */
export interface IndexedPicture {
  readonly width: number;
  readonly height: number;
  /** At most 256 colours. */
  readonly palette: readonly Rgb[];
  /** width x height indices into `palette`. */
  readonly pixels: Uint8Array;
}

/** One PNG chunk: length, type, data, CRC over type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/** PNG, colour type 3 (palette), 4 bits a pixel up to 16 colours and 8 above, filter 0 on every row. */
export function encodePng(picture: IndexedPicture): Uint8Array {
  const { width, height, palette, pixels } = picture;
  const bits = palette.length <= 16 ? 4 : 8;
  const stride = 1 + Math.ceil((width * bits) / 8);
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const index = pixels[y * width + x] ?? 0;
      const at = y * stride + 1 + ((x * bits) >> 3);
      rows[at] = (rows[at] ?? 0) | (bits === 4 && x % 2 === 0 ? index << 4 : index);
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = bits;
  header[9] = 3;
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(palette.flat())),
    chunk('IDAT', zlibSync(rows, { level: 9, mem: 2 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** Quality at which stripes of a 3 px period survive (jpeg-js does not subsample the colours). */
const JPEG_QUALITY = 90;
const BLACK: Rgb = [0, 0, 0];

/** Baseline JPEG. */
export function encodeJpeg(picture: IndexedPicture): Uint8Array {
  const { width, height, palette, pixels } = picture;
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < pixels.length; i++) {
    const [red, green, blue] = palette[pixels[i] ?? 0] ?? BLACK;
    data[4 * i] = red;
    data[4 * i + 1] = green;
    data[4 * i + 2] = blue;
    data[4 * i + 3] = 255;
  }
  return jpeg.encode({ width, height, data }, JPEG_QUALITY).data;
}
