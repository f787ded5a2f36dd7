import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { resizeBicubic } from '../image/bicubic.js';
import { padToSquare } from '../image/raster.js';
import { readImage } from './image.js';

const PHOTOS = join(import.meta.dirname, '../../golden/photos');
const rasterOf = async (source: string | Uint8Array) => (await readImage(source)).raster();
const solid = (channels: 3 | 4, background: string | { r: number; g: number; b: number; alpha?: number }) =>
  sharp({ create: { width: 4, height: 2, channels, background } });

describe('photographs, padded and resized', () => {
  // Pillow and libvips both decode JPEG with libjpeg-turbo, of other versions, so a few levels may differ.
  it.each([
    ['chelsea.jpg', 126],
    ['rocket.jpg', 189],
    ['coffee.png', 189],
  ])("%s at %i px: within 0.5 on average and 4 at most of Pillow's bicubic", async (name, side) => {
    const got = resizeBicubic(padToSquare(await rasterOf(join(PHOTOS, name))), side, side);
    const expected = await rasterOf(join(PHOTOS, `${name.split('.')[0]}-${side}px.png`));
    expect([got.width, got.height]).toEqual([expected.width, expected.height]);
    const differences = Array.from(got.data, (value, index) =>
      Math.abs(value - (expected.data[index] ?? NaN)),
    );
    expect(differences.reduce((sum, value) => sum + value) / differences.length).toBeLessThanOrEqual(0.5);
    expect(differences.reduce((most, value) => Math.max(most, value))).toBeLessThanOrEqual(4);
  });
});

describe('a stretched picture', () => {
  it('is a square of the longer side, and another picture than the one that is padded', async () => {
    const picture = await readImage(await solid(3, { r: 10, g: 20, b: 30 }).png().toBuffer());
    const square = picture.stretched();
    const { width, height, data } = await square.raster();
    expect([width, height, data.length]).toEqual([4, 4, 48]);
    expect([...data.subarray(0, 3), ...data.subarray(45)]).toEqual([10, 20, 30, 10, 20, 30]);
    expect(square.sha256).not.toBe(picture.sha256);
    expect((await picture.raster()).height).toBe(2);
  });
});

describe('decoding, as Pillow converts to RGB', () => {
  it.each([
    ['drops transparency', solid(4, { r: 10, g: 20, b: 30, alpha: 0 }).png(), [10, 20, 30]],
    ['repeats grey', solid(3, { r: 9, g: 9, b: 9 }).toColourspace('b-w').png(), [9, 9, 9]],
    ['looks up a palette', solid(3, { r: 10, g: 20, b: 30 }).png({ palette: true }), [10, 20, 30]],
    ['ignores a colour profile', solid(3, { r: 10, g: 200, b: 30 }).withIccProfile('p3').png(), undefined],
    ['reads WebP', solid(3, { r: 10, g: 20, b: 30 }).webp({ lossless: true }), [10, 20, 30]],
  ])('%s', async (_, image, expected) => {
    const bytes = await image.toBuffer();
    const { data, width, height } = await rasterOf(bytes);
    expect([width, height, data.length]).toEqual([4, 2, 24]);
    const raw = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    expect([...data.subarray(0, 3)]).toEqual(expected ?? [...raw.subarray(0, 3)]);
  });

  it('leaves a turned picture as it is stored', async () => {
    const { width, height } = await rasterOf(
      await solid(3, '#123456').withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    );
    expect([width, height]).toEqual([4, 2]);
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
