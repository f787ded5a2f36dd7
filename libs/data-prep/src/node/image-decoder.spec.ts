import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, createDeflate } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_DECODE_MS, MAX_IMAGE_BYTES } from '../limits.js';
import { openImageIndex } from './image-files.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'data-prep-decode-'));
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A picture without two equal lines, 24 x 16 unless told otherwise. */
function pixels(width = 24, height = 16) {
  const data = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) % 251));
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A TIFF of 4 x 4 pixels in luma and chroma, uncompressed; `steps`: pixels for one chroma value, across and down. */
function ycbcrTiff(steps: readonly [number, number] | undefined): Buffer {
  const data = Buffer.alloc(48, 128);
  const tags: readonly (readonly number[])[] = [
    [256, 4], [257, 4], [258, 8], [259, 1], [262, 6], [273, 8], [277, 3], [278, 4], [279, steps?.[0] === 1 ? 48 : 24],
    ...(steps === undefined ? [] : [[530, ...steps]]),
  ]; // prettier-ignore
  const folder = Buffer.alloc(2 + tags.length * 12 + 4 + 6);
  folder.writeUInt16LE(tags.length);
  for (const [i, [tag = 0, ...values]] of tags.entries()) {
    const at = 2 + i * 12;
    const isBits = tag === 258;
    folder.writeUInt16LE(tag, at);
    folder.writeUInt16LE(3, at + 2);
    folder.writeUInt32LE(isBits ? 3 : values.length, at + 4);
    for (const [place, value] of values.entries()) folder.writeUInt16LE(value, at + 8 + 2 * place);
    if (isBits) folder.writeUInt32LE(8 + data.length + folder.length - 6, at + 8);
  }
  for (let channel = 0; channel < 3; channel += 1) folder.writeUInt16LE(8, folder.length - 6 + 2 * channel);
  const start = Buffer.from([0x49, 0x49, 42, 0, 8 + data.length, 0, 0, 0]);
  return Buffer.concat([start, data, folder]);
}

/** What level decode finds in a file of these bytes. */
async function decoded(name: string, bytes: Uint8Array) {
  await writeFile(join(root, name), bytes);
  const index = await openImageIndex(root, { verify: 'decode' });
  return index.resolve(name);
}

describe('level decode', () => {
  it.each([
    ['png', () => pixels().png()],
    ['png', () => pixels().png({ progressive: true })],
    ['png', () => pixels().png({ palette: true })],
    ['jpeg', () => pixels().jpeg()],
    ['jpeg', () => pixels().jpeg({ progressive: true })],
    ['jpeg', () => pixels().greyscale().jpeg()],
    ['webp', () => pixels().webp()],
    ['webp', () => pixels().webp({ lossless: true })],
    ['gif', () => pixels().gif()],
    ['tiff', () => pixels().tiff({ compression: 'lzw' })],
  ])('accepts a whole %s', async (type, encode) => {
    const bytes = await encode().toBuffer();
    expect(await decoded(`whole.${type}`, bytes)).toEqual({
      found: `whole.${type}`,
      size: bytes.length,
      type,
    });
  });

  it.each([
    [
      'animated',
      'gif',
      () =>
        sharp(Buffer.alloc(24 * 32 * 3, 'abcdefg'), {
          raw: { width: 24, height: 32, channels: 3, pageHeight: 16 },
        }).gif(),
    ],
    ['cmyk', 'jpeg', () => pixels().toColourspace('cmyk').jpeg()],
    ['16 bits', 'png', () => pixels().toColourspace('rgb16').png()],
    ['exif orientation', 'jpeg', () => pixels().withMetadata({ orientation: 6 }).jpeg()],
  ])('reports %s, and alters nothing', async (note, type, encode) => {
    const bytes = await encode().toBuffer();
    expect(await decoded(`noted.${type}`, bytes)).toMatchObject({
      found: `noted.${type}`,
      type,
      notes: [note],
    });
    const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
    expect(sha256(await readFile(join(root, `noted.${type}`)))).toBe(sha256(bytes));
  });

  it.each([
    ['coarse chroma', [2, 2], 'IMAGE_CORRUPT'],
    ['chroma whose steps are not told, which are 2', undefined, 'IMAGE_CORRUPT'],
    ['full chroma', [1, 1], undefined],
  ] as const)(
    'finds in an uncompressed tiff with %s what trainer and runtime make of it',
    async (_, steps, problem) => {
      const found = await decoded('ycbcr.tif', ycbcrTiff(steps));
      if (problem === undefined) expect(found).toMatchObject({ found: 'ycbcr.tif', type: 'tiff' });
      else
        expect(found).toMatchObject({
          problem,
          detail: expect.stringContaining('convert it to png') as string,
        });
    },
  );

  it('drops a tiff of L*a*b* in bytes, which the runtime cannot read, and keeps one of RGB', async () => {
    const bytes = await pixels().tiff({ compression: 'none' }).toBuffer();
    expect(await decoded('rgb.tif', bytes)).toMatchObject({ found: 'rgb.tif', type: 'tiff' });
    // The entry of the photometric interpretation: 2, RGB, becomes 8, CIE L*a*b*.
    const entry = bytes.indexOf(Buffer.from([262 & 255, 262 >> 8, 3, 0, 1, 0, 0, 0, 2, 0]));
    bytes.writeUInt16LE(8, entry + 8);
    expect(await decoded('lab.tif', bytes)).toMatchObject({ problem: 'IMAGE_CORRUPT' });
    const header = await openImageIndex(root, { verify: 'header' });
    expect(await header.resolve('lab.tif')).toMatchObject({ found: 'lab.tif' });
  });

  it('keeps a tiff of L*a*b* in floats, which the runtime reads, and reports its depth', async () => {
    const bytes = await pixels().toColourspace('lab').tiff({ compression: 'none' }).toBuffer();
    expect(await sharp(bytes).metadata()).toMatchObject({ space: 'lab', depth: 'float' });
    expect(await decoded('floats.tif', bytes)).toMatchObject({ found: 'floats.tif', notes: ['16 bits'] });
    const header = await openImageIndex(root, { verify: 'header' });
    expect(await header.resolve('floats.tif')).toMatchObject({ found: 'floats.tif' });
  });

  it('does not report an orientation that asks for nothing', async () => {
    const bytes = await pixels().withMetadata({ orientation: 1 }).jpeg().toBuffer();
    expect(await decoded('upright.jpg', bytes)).not.toHaveProperty('notes');
  });

  it.each([
    ['baseline', () => pixels().jpeg()],
    ['progressive', () => pixels().jpeg({ progressive: true })],
  ])('refuses a %s JPEG cut off at any byte', async (_, encode) => {
    const whole = await encode().toBuffer();
    for (let length = 0; length < whole.length; length += 1)
      await writeFile(join(root, `cut-${length}.jpg`), whole.subarray(0, length));
    const index = await openImageIndex(root, { verify: 'decode' });
    const problems = await Promise.all(
      Array.from({ length: whole.length }, async (_, length) => {
        const finding = await index.resolve(`cut-${length}.jpg`);
        return 'problem' in finding ? finding.problem : 'found';
      }),
    );
    expect(problems).toEqual(
      problems.map((_, length) =>
        length === 0 ? 'IMAGE_EMPTY' : length < 3 ? 'IMAGE_UNKNOWN' : 'IMAGE_CORRUPT',
      ),
    );
    await writeFile(join(root, 'cut-none.jpg'), whole);
    expect(await (await openImageIndex(root, { verify: 'decode' })).resolve('cut-none.jpg')).toHaveProperty(
      'found',
    );
  });

  it('refuses damage inside', async () => {
    const png = await pixels().png().toBuffer();
    png[png.indexOf('IDAT') + 40] = (png[png.indexOf('IDAT') + 40] ?? 0) ^ 1;
    expect(await decoded('flipped.png', png)).toEqual({
      problem: 'IMAGE_CORRUPT',
      detail: 'image: "flipped.png" cannot be decoded: it is cut short or damaged',
    });
    const jpeg = await pixels(64, 64).jpeg().toBuffer();
    jpeg.writeUInt16BE(0xffd9, jpeg.length - 400);
    expect(await decoded('flipped.jpg', jpeg)).toMatchObject({
      problem: 'IMAGE_CORRUPT',
      detail: 'image: "flipped.jpg" cannot be decoded: it is cut short or damaged',
    });
  });

  it('refuses what has no decoder, and what is no picture inside', async () => {
    expect(await decoded('a.bmp', Buffer.from('BM'.padEnd(100, '\0')))).toMatchObject({
      problem: 'IMAGE_CORRUPT',
      detail: expect.stringContaining('convert it to png') as string,
    });
    expect(await decoded('b.jpg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toMatchObject({
      problem: 'IMAGE_UNKNOWN',
    });
    expect(await decoded('c.png', Buffer.from('\x89PNG\r\n\x1a\n<svg/>', 'latin1'))).toMatchObject({
      problem: 'IMAGE_CORRUPT',
    });
  });

  it('refuses 256 megapixels in 250 kB without decoding them, while other levels take its header', async () => {
    const bytes = await pixelBomb(16_000);
    expect(bytes.length).toBeLessThan(260_000);
    expect(await decoded('bomb.png', bytes)).toEqual({
      problem: 'IMAGE_TOO_LARGE',
      detail: 'image: "bomb.png" has more than 178956970 pixels',
    });
    expect(await (await openImageIndex(root)).resolve('bomb.png')).toMatchObject({ found: 'bomb.png' });
    expect(await decoded('large.png', await pixelBomb(4200))).toMatchObject({ found: 'large.png' });
  });

  it('does not read a file beyond the limit', async () => {
    const png = await pixels().png().toBuffer();
    for (const [name, size] of [
      ['most.png', MAX_IMAGE_BYTES],
      ['more.png', MAX_IMAGE_BYTES + 1],
    ] as const) {
      await writeFile(join(root, name), png);
      await truncate(join(root, name), size);
    }
    const index = await openImageIndex(root, { verify: 'decode' });
    expect(await index.resolve('most.png')).toMatchObject({ found: 'most.png', size: MAX_IMAGE_BYTES });
    expect(await index.resolve('more.png')).toMatchObject({ problem: 'IMAGE_TOO_LARGE' });
  });

  it('calls a picture too slow, and not damaged, that failed because its time was over', async () => {
    const jpeg = (await pixels().jpeg().toBuffer()).subarray(0, 400);
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += MAX_DECODE_MS - 1));
    expect(await decoded('damaged.jpg', jpeg)).toMatchObject({ problem: 'IMAGE_CORRUPT' });
    vi.spyOn(performance, 'now').mockImplementation(() => (now += MAX_DECODE_MS));
    expect(await decoded('slow.jpg', jpeg)).toMatchObject({ problem: 'IMAGE_TOO_LARGE' });
  });
});

/** A grey PNG of `side` x `side` black pixels. */
async function pixelBomb(side: number): Promise<Buffer> {
  const deflate = createDeflate({ level: 9 });
  const rows = Buffer.alloc((side + 1) * 500);
  const packed: Buffer[] = [];
  deflate.on('data', (part: Buffer) => packed.push(part));
  for (let row = 0; row < side; row += 500) {
    const part = rows.subarray(0, (side + 1) * Math.min(500, side - row));
    await new Promise((written) => deflate.write(part, written));
  }
  await new Promise<void>((ended) => deflate.on('end', ended).end());
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(named), 4);
    return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
  };
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', Buffer.concat(packed)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
