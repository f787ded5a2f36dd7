import sharp from 'sharp';
import { RuntimeError } from '../error.js';
import { drawingOf } from '../explain/drawing.js';
import type { Drawing } from '../explain/drawing.js';
import type { Explanation } from '../explain/explanation.js';
import type { Raster } from '../image/raster.js';
import type { EncodedImage } from './image.js';

/** The longer side of the picture in a drawing and in an animation, pixels: readable, and small enough to send. */
const DRAWING_SIDE = 768;
const ANIMATION_SIDE = 512;
/** Frames of an animation: more would take a gigabyte while it is encoded, and minutes to look at. */
const MAX_FRAMES = 128;
/** Time a token is shown, milliseconds. */
const FRAME_MS = 600;
const WEBP_QUALITY = 80;

/**
 * A PNG that shows where an answer looked: outlines over the picture, the more opaque the more layers chose the region,
 * a legend, and a strip with one small picture a layer. Its text is set in the machine's own fonts.
 *
 * @param image - the picture that was asked about
 * @param token - the one to show, from 0; default: all together
 * @throws RuntimeError NO_SUCH_TOKEN
 */
export async function explanationPng(
  image: EncodedImage,
  explanation: Explanation,
  token?: number,
): Promise<Uint8Array> {
  const count = explanation.steps.length;
  if (token !== undefined && explanation.steps[token] === undefined) {
    const what = `expected a token of the answer, 1 to ${count}, got ${token + 1}`;
    throw new RuntimeError('NO_SUCH_TOKEN', what, { hint: 'leave it out to see all of them' });
  }
  const drawing = drawingOf(explanation, token, DRAWING_SIDE);
  return paint(drawing, await scaledPanels(await image.raster(), drawing));
}

/** An animated WebP with one frame for every token, as `explanationPng` draws it; at most 128 of them. */
export async function explanationWebp(image: EncodedImage, explanation: Explanation): Promise<Uint8Array> {
  const steps = explanation.steps.slice(0, MAX_FRAMES);
  const drawings = steps.map((_, index) => drawingOf(explanation, index, ANIMATION_SIDE));
  const raster = await image.raster();
  const frames: Buffer[] = [];
  for (const drawing of drawings) frames.push(await paint(drawing, await scaledPanels(raster, drawing)));
  const [first] = frames;
  const joined =
    frames.length === 1 && first !== undefined ? sharp(first) : sharp(frames, { join: { animated: true } });
  return joined.webp({ quality: WEBP_QUALITY, loop: 0, delay: frames.map(() => FRAME_MS) }).toBuffer();
}

/** The picture in the sizes that the panels have, as PNGs; the small panels share one. */
async function scaledPanels({ data, width, height }: Raster, { panels }: Drawing): Promise<Buffer[]> {
  const sizes = new Map<string, Promise<Buffer>>();
  const scaled = panels.map((panel) => {
    const key = `${panel.width} x ${panel.height}`;
    const known = sizes.get(key);
    if (known !== undefined) return known;
    const made = sharp(data, { raw: { width, height, channels: 3 } })
      .resize(panel.width, panel.height, { fit: 'fill' })
      .png({ compressionLevel: 1 })
      .toBuffer();
    sizes.set(key, made);
    return made;
  });
  return Promise.all(scaled);
}

function paint({ width, height, panels, svg }: Drawing, pictures: readonly Buffer[]): Promise<Buffer> {
  const layers = panels.flatMap(({ x, y }, index) => {
    const input = pictures[index];
    return input === undefined ? [] : [{ input, left: x, top: y }];
  });
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite([...layers, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png()
    .toBuffer();
}
