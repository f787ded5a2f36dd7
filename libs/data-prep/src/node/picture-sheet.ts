import { writeFileAtomic } from '@flexattn/stage';
import type { OverlayOptions } from 'sharp';
import type { ImageIndex } from '../image-index.js';
import type { ShownSample } from '../inspect-tally.js';
import { MAX_PIXELS } from '../limits.js';
import { escapeXml, wrapText } from '../sheet-text.js';

/** Pixels: a tile's picture, the text below it, and the space around. */
const TILE = { width: 320, picture: 240, text: 96, gap: 16 };
const MOST_COLUMNS = 5;

/** The question under a picture: lines, letters in each, and pixels of a line and of the sans-serif font. */
const TEXT = { lines: 4, columns: 42, lineHeight: 16, size: 13 };

/**
 * Draws samples with their pictures and first questions into the PNG file `path`, in rows. A picture that cannot be
 * used is a grey tile that says why. Memory: all tiles, some 230 kB each.
 */
export async function drawPictureSheet(
  path: string,
  samples: readonly ShownSample[],
  images: ImageIndex,
): Promise<void> {
  const { default: sharp } = await import('sharp');
  const columns = Math.max(1, Math.min(MOST_COLUMNS, Math.ceil(Math.sqrt(samples.length))));
  const rows = Math.max(1, Math.ceil(samples.length / columns));
  const width = columns * (TILE.width + TILE.gap) + TILE.gap;
  const height = rows * (TILE.picture + TILE.text + TILE.gap) + TILE.gap;
  const layers: OverlayOptions[] = [];
  const texts: string[] = [];
  for (const [i, sample] of samples.entries()) {
    const left = TILE.gap + (i % columns) * (TILE.width + TILE.gap);
    const top = TILE.gap + Math.floor(i / columns) * (TILE.picture + TILE.text + TILE.gap);
    const picture = await thumbnail(sample, images);
    if (typeof picture !== 'string') layers.push({ input: picture, left, top });
    texts.push(tileText(sample, left, top, typeof picture === 'string' ? picture : undefined));
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="${TEXT.size}">${texts.join('')}</svg>`;
  const sheet = sharp({ create: { width, height, channels: 3, background: 'white' } });
  const png = await sheet
    .composite([...layers, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png()
    .toBuffer();
  await writeFileAtomic(path, png);
}

/** The picture at the size of a tile, as its first frame and unturned, or why there is none. */
async function thumbnail({ image }: ShownSample, images: ImageIndex): Promise<Buffer | string> {
  if (image === undefined) return 'text only';
  const bytes = await images.readBytes(image);
  if ('problem' in bytes) return bytes.problem;
  const { default: sharp } = await import('sharp');
  const size = { width: TILE.width, height: TILE.picture, fit: 'contain', background: '#eeeeee' } as const;
  try {
    const picture = sharp(bytes, { failOn: 'none', limitInputPixels: MAX_PIXELS });
    return await picture
      .resize(size)
      .flatten({ background: '#eeeeee' })
      .toColourspace('srgb')
      .png()
      .toBuffer();
  } catch {
    return 'cannot be decoded';
  }
}

/** SVG of a tile's text, and of the grey box that stands for a missing picture. */
function tileText(sample: ShownSample, left: number, top: number, problem: string | undefined): string {
  const { index, id, image = '', question } = sample;
  const line = (text: string, y: number, style = '') =>
    `<text x="${left}" y="${y}" ${style}>${escapeXml(text)}</text>`;
  const [title = ''] = wrapText(`#${index}  ${id}`, TEXT.columns, 1);
  const name = image.length > TEXT.columns ? `…${image.slice(1 - TEXT.columns)}` : image;
  const grey = [title, name].map((text) => [text, 'fill="#666666"'] as const);
  const black = wrapText(question, TEXT.columns, TEXT.lines).map((text) => [text, ''] as const);
  const below = [...grey, ...black].map(([text, style], i) =>
    line(text, top + TILE.picture + (i + 1) * TEXT.lineHeight, style),
  );
  if (problem === undefined) return below.join('');
  const box = `<rect x="${left}" y="${top}" width="${TILE.width}" height="${TILE.picture}" fill="#dddddd"/>`;
  return box + line(problem, top + TILE.picture / 2, 'font-weight="bold"') + below.join('');
}
