import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { resizeBicubic } from '../image/bicubic.js';
import { padToSquare } from '../image/raster.js';
import type { Raster } from '../image/raster.js';
import { TIFF_TAG } from '../image/tiff-tags.js';
import { readImage } from './image.js';
import { photographOf, received, sendable } from './photograph.js';

const PHOTOS = join(import.meta.dirname, '../../golden/photos');
const PICTURES = join(import.meta.dirname, '../../golden/pictures');
const rasterOf = async (source: string | Uint8Array) => (await readImage(source)).raster();
const solid = (channels: 3, background: string | { r: number; g: number; b: number }) =>
  sharp({ create: { width: 4, height: 2, channels, background } });

/** Mean and greatest difference of two pictures' levels; both infinite where the sizes differ. */
function differences(got: Raster, expected: Raster) {
  if (got.width !== expected.width || got.height !== expected.height)
    return { mean: Infinity, most: Infinity };
  const each = Array.from(got.data, (value, index) => Math.abs(value - (expected.data[index] ?? NaN)));
  return {
    mean: each.reduce((sum, value) => sum + value) / each.length,
    most: each.reduce((most, value) => Math.max(most, value)),
  };
}

// Pillow and libvips decode with the same libraries in other versions, so a few levels may differ.
const MEAN = 0.5;
const MOST = 4;

describe('photographs, padded and resized', () => {
  it.each([
    ['chelsea.jpg', 126],
    ['rocket.jpg', 189],
    ['coffee.png', 189],
  ])("%s at %i px: within 0.5 on average and 4 at most of Pillow's bicubic", async (name, side) => {
    const got = resizeBicubic(padToSquare(await rasterOf(join(PHOTOS, name))), side, side);
    const { mean, most } = differences(
      got,
      await rasterOf(join(PHOTOS, `${name.split('.')[0]}-${side}px.png`)),
    );
    expect(mean).toBeLessThanOrEqual(MEAN);
    expect(most).toBeLessThanOrEqual(MOST);
  });
});

describe('a stretched picture', () => {
  it('is a square of the longer side, and another picture than the one that is padded', async () => {
    const picture = await readImage(await solid(3, { r: 10, g: 20, b: 30 }).png().toBuffer());
    const square = picture.stretched();
    const { width, height, data } = await square.raster();
    expect([width, height, data.length]).toEqual([4, 4, 48]);
    expect(await picture.stretched().size()).toEqual({ width: 4, height: 4 });
    expect([...data.subarray(0, 3), ...data.subarray(45)]).toEqual([10, 20, 30, 10, 20, 30]);
    expect(square.sha256).not.toBe(picture.sha256);
    expect((await picture.raster()).height).toBe(2);
  });

  it('stays one on its way to another thread', async () => {
    const picture = await readImage(await solid(3, { r: 10, g: 20, b: 30 }).png().toBuffer());
    const arrived = received(sendable(picture.stretched()));
    expect(await photographOf(arrived)).toMatchObject({ sha256: picture.stretched().sha256 });
  });
});

describe('bands', () => {
  /** A JPEG with details everywhere, larger than what is decoded in one piece. */
  const large = async (progressive = false) => {
    const [width, height] = [2500, 1701];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 7919 + (at >> 9)) % 256);
    return sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ progressive })
      .toBuffer();
  };
  const bandsOf = async (bytes: Uint8Array) => {
    const { bands } = await (await readImage(bytes)).bands();
    return Promise.all(bands);
  };

  it('are the picture, strip by strip', async () => {
    const bytes = await large();
    const bands = await bandsOf(bytes);
    const whole = await rasterOf(bytes);
    expect(bands.map(({ width, height }) => [width, height])).toEqual([
      [2500, 848],
      [2500, 853],
    ]);
    expect(Buffer.concat(bands.map(({ data }) => data)).equals(whole.data)).toBe(true);
  });

  it.each([
    ['a small JPEG', () => readFile(join(PHOTOS, 'chelsea.jpg'))],
    ['a progressive one', () => large(true)],
    ['a PNG', () => readFile(join(PHOTOS, 'coffee.png'))],
  ])('are one of %s', async (_, read) => {
    const bytes = await read();
    const bands = await bandsOf(bytes);
    expect(bands).toHaveLength(1);
    expect(bands[0] && Buffer.from((await rasterOf(bytes)).data).equals(bands[0].data)).toBe(true);
  });

  it('are the pixels at hand where the picture was decoded already', async () => {
    const picture = await readImage(await large());
    const raster = await picture.raster();
    const { bands } = await picture.bands();
    expect(bands).toHaveLength(1);
    expect(await bands[0]).toBe(raster);
  });

  it('say what is wrong with a picture that ends too early, in the band that it is missing from', async () => {
    const bytes = await large();
    const { bands } = await (await readImage(bytes.subarray(0, bytes.length * 0.9), 'cut.jpg')).bands();
    const [first, second] = await Promise.allSettled(bands);
    expect(first?.status).toBe('fulfilled');
    expect(second).toMatchObject({
      status: 'rejected',
      reason: { code: 'IMAGE_UNREADABLE', file: 'cut.jpg' },
    });
  });
});

describe('decoding', () => {
  const { pictures } = JSON.parse(readFileSync(join(PICTURES, 'expected.json'), 'utf8')) as {
    pictures: Record<string, { width: number; height: number; rgb: string }>;
  };

  it.each(Object.entries(pictures))("gives what Pillow's convert(RGB) gives: %s", async (name, expected) => {
    const got = await rasterOf(join(PICTURES, name));
    const { mean, most } = differences(got, { ...expected, data: Buffer.from(expected.rgb, 'base64') });
    expect(mean).toBeLessThanOrEqual(MEAN);
    expect(most).toBeLessThanOrEqual(MOST);
    // From the header alone: nothing of this one is decoded.
    const { width, height } = expected;
    expect(await (await readImage(join(PICTURES, name))).size()).toEqual({ width, height });
  });

  it('reads the long codes of a photograph as a GIF', async () => {
    const bytes = await sharp(join(PHOTOS, 'chelsea.jpg')).gif().toBuffer();
    expect(
      Buffer.from((await rasterOf(bytes)).data).equals(await sharp(bytes).removeAlpha().raw().toBuffer()),
    ).toBe(true);
  });

  it('covers every file of the folder', async () => {
    const files = (await readdir(PICTURES)).filter((name) => name !== 'expected.json');
    expect(Object.keys(pictures).sort()).toEqual(files.sort());
  });

  it('ignores a colour profile', async () => {
    const bytes = await solid(3, { r: 10, g: 200, b: 30 }).withIccProfile('p3').png().toBuffer();
    const raw = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    expect((await rasterOf(bytes)).data).toEqual(raw);
  });

  it.each([
    // A second frame lies behind the first one.
    ['gif-part.gif', 90],
    ['tiff-rgb-raw.tif', Infinity],
    ['bmp-rle8.bmp', Infinity],
    ['bmp-24.bmp', Infinity],
    ['bmp-palette.bmp', Infinity],
    ['jpeg-cmyk.jpg', Infinity],
  ])('refuses %s wherever it is cut', async (name, end) => {
    const whole = await readFile(join(PICTURES, name));
    const last = Math.min(end, whole.length - 8);
    for (let length = 1; length < last; length += Math.ceil(last / 40)) {
      const cut = rasterOf(whole.subarray(0, length));
      await expect(cut, `${length} bytes`).rejects.toThrow('IMAGE_UNREADABLE');
    }
  });

  it('refuses a TIFF of YCbCr whose chroma is subsampled', async () => {
    const bytes = await readFile(join(PICTURES, 'tiff-ycbcr.tif'));
    const entry = bytes.indexOf(
      Buffer.from([TIFF_TAG.ycbcrSubsampling & 255, TIFF_TAG.ycbcrSubsampling >> 8, 3, 0]),
    );
    bytes.writeUInt16LE(2, entry + 8);
    await expect(rasterOf(bytes)).rejects.toThrow('subsampled chroma (2 x 1)');
  });
});

describe('what is no picture', () => {
  it.each([
    ['nothing', () => Promise.resolve(Buffer.alloc(0)), 'got an empty file'],
    ['text', () => Promise.resolve(Buffer.from('no picture')), 'IMAGE_UNREADABLE'],
    [
      'a drawing',
      () => Promise.resolve(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
      'format svg',
    ],
    [
      'half a photograph',
      async () => (await readFile(join(PHOTOS, 'chelsea.jpg'))).subarray(0, 9000),
      'IMAGE_UNREADABLE',
    ],
    ['a bomb', () => bomb(20_000), 'expected at most 178956970 pixels, got 20000 x 20000'],
    ['a small BMP that says it is large', largeBmp, 'expected at most 178956970 pixels, got 65536 x 65536'],
  ])('%s is refused', async (_, bytes, message) => {
    await expect(rasterOf(await bytes())).rejects.toThrow(message);
  });

  it('a missing file is named', async () => {
    await expect(readImage('/nowhere/cat.png')).rejects.toThrow(/cat.png.*FILE_MISSING/);
    await expect(readImage('/nowhere/cat.png', 'cat.png')).rejects.toThrow(/^cat.png:/);
  });
});

/** A PNG header that promises `side` x `side` pixels, with the pixels of a small one. */
async function bomb(side: number): Promise<Buffer> {
  const png = await solid(3, '#000000').png().toBuffer();
  const header = Buffer.from(png.subarray(12, 29));
  header.writeUInt32BE(side, 4);
  header.writeUInt32BE(side, 8);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(header));
  return Buffer.concat([png.subarray(0, 12), header, crc, png.subarray(33)]);
}

/** The checksum of PNG chunks (ISO 3309), bit by bit. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A BMP of a few bytes whose header promises 65536 x 65536 pixels. */
async function largeBmp(): Promise<Buffer> {
  const bytes = await readFile(join(PICTURES, 'bmp-24.bmp'));
  bytes.writeUInt32LE(65_536, 18);
  bytes.writeUInt32LE(65_536, 22);
  return bytes;
}
