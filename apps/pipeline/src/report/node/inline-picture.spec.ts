import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture } from './inline-picture.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inline-picture-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Bytes of a data URI, and what they are. */
async function decode(href: string | null) {
  if (href === null) throw new Error('no picture');
  const bytes = Buffer.from(href.slice(href.indexOf(',') + 1), 'base64');
  return { bytes, metadata: await sharp(bytes).metadata() };
}

function noise(width: number, height: number): Sharp {
  return sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } });
}

describe('readPicture', () => {
  it('keeps the bytes of a small picture', async () => {
    const file = join(folder, 'small.png');
    const bytes = await noise(20, 10).png().toBuffer();
    await writeFile(file, bytes);
    const { href, turned } = await readPicture(file, bytes.length);
    expect(href).toBe(`data:image/png;base64,${bytes.toString('base64')}`);
    expect(turned).toBe(false);
  });

  it('reduces a large one until it fits, in its shape', async () => {
    const file = join(folder, 'large.jpg');
    await writeFile(file, await noise(1500, 750).jpeg().toBuffer());
    const picture = await readPicture(file, 60_000);
    const { bytes, metadata } = await decode(picture.href);
    expect(bytes.length).toBeLessThanOrEqual(60_000);
    expect((metadata.width ?? 0) / (metadata.height ?? 1)).toBeCloseTo(2, 1);
  });

  it('does not turn a picture by its orientation tag, as the model does not', async () => {
    const file = join(folder, 'turned.jpg');
    await writeFile(file, await noise(20, 10).jpeg().withMetadata({ orientation: 6 }).toBuffer());
    const { href, turned } = await readPicture(file, 60_000);
    expect(turned).toBe(true);
    const { metadata } = await decode(href);
    expect([metadata.width, metadata.height, metadata.orientation]).toEqual([20, 10, undefined]);
  });

  it('reads the header alone where no bytes are wanted', async () => {
    const file = join(folder, 'header.jpg');
    await writeFile(file, await noise(20, 10).jpeg().withMetadata({ orientation: 3 }).toBuffer());
    expect(await readPicture(file, 0)).toEqual({ href: null, turned: true });
  });

  it('encodes again what browsers do not show', async () => {
    const file = join(folder, 'picture.tiff');
    await writeFile(file, await noise(20, 10).tiff().toBuffer());
    expect((await decode((await readPicture(file, 60_000)).href)).metadata.format).toBe('jpeg');
  });

  it('refuses what is no picture, and what is not there', async () => {
    const file = join(folder, 'text.png');
    await writeFile(file, 'not a picture');
    await expect(readPicture(file, 60_000)).rejects.toThrow(/text\.png.*\(BAD_CONTENT\)/);
    await expect(readPicture(join(folder, 'none.png'), 60_000)).rejects.toThrow(
      /none\.png.*\(FILE_MISSING\)/,
    );
  });
});
