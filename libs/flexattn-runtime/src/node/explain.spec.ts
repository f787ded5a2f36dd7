import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { regionBox } from '../explain/boxes.js';
import { explainAnswer } from '../explain/explanation.js';
import type { ExplainedStep } from '../explain/explanation.js';
import { explanationPng, explanationWebp } from './explain.js';
import { readImage } from './image.js';
import type { EncodedImage } from './image.js';
import { openLocalModel } from './local-model.js';

const COFFEE = join(import.meta.dirname, '../../golden/photos/coffee.png');

let image: EncodedImage;
beforeAll(async () => {
  image = await readImage(COFFEE);
});

/** Two tokens; the first one's layers choose regions 30 and 50, the second's nothing. */
async function explanationOf() {
  const { width, height } = await image.raster();
  const steps = [
    [
      { layer: 8, rows: [30, 50] },
      { layer: 9, rows: [30] },
    ],
    [
      { layer: 8, rows: [] },
      { layer: 9, rows: [] },
    ],
  ];
  const answer = {
    text: 'red',
    tokens: [4, 2],
    finish: 'stop' as const,
    regions: { grid: 9 as const, hd: 72, steps },
  };
  return explainAnswer(answer, { width, height });
}

describe('model.explain', () => {
  it('is the answer of generate, with its regions as boxes of the picture', async () => {
    const dir = join(import.meta.dirname, '../../golden/zoom3-126px');
    const model = await openLocalModel(dir, { threads: 2 });
    const request = { image: join(dir, 'image1.png'), prompt: [1, 17, -200, 45], maxNewTokens: 3 };
    const answer = await model.generate(request);
    const { steps, picture } = await model.explain(request);
    await model.close();
    const regionsOf = (step: ExplainedStep) =>
      step.layers.map(({ layer, regions }) => ({ layer, rows: regions.map(({ index }) => index) }));
    expect(steps.map(({ token }) => token)).toEqual(answer.tokens);
    expect(steps.map(regionsOf)).toEqual(answer.regions.steps);
    const chosen = steps.flatMap(({ layers }) => layers.flatMap(({ regions }) => regions));
    expect(chosen.length).toBeGreaterThan(0);
    for (const { index, box } of chosen) expect(box).toEqual(regionBox(index, model.geometry.hd, picture));
  });
});

describe('explanationPng', () => {
  it('draws outlines over the picture where the regions are, and nothing elsewhere', async () => {
    const explanation = await explanationOf();
    const [chosen, plain] = [
      await explanationPng(image, explanation, 0),
      await explanationPng(image, explanation, 1),
    ];
    const pixels = async (png: Uint8Array) =>
      sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const [a, b] = [await pixels(chosen), await pixels(plain)];
    expect([a.info.width, a.info.height]).toEqual([b.info.width, b.info.height]);
    const { width } = explanation.picture;
    const differs = (x: number, y: number) => {
      // The drawing's picture is 768 pixels wide and begins at 12, 36.
      const [column, row] = [12 + Math.round((x * 768) / width), 36 + Math.round((y * 768) / width)];
      const at = (row * a.info.width + column) * 3;
      return !a.data.subarray(at, at + 3).equals(b.data.subarray(at, at + 3));
    };
    const centreOf = (index: number) => {
      const box = explanation.steps[0]?.layers[0]?.regions.find((region) => region.index === index)?.box;
      return [(box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2] as const;
    };
    expect(differs(...centreOf(30))).toBe(true);
    expect(differs(...centreOf(50))).toBe(true);
    expect(differs(10, explanation.picture.height / 2)).toBe(false);
  });

  it('refuses a token that the answer does not have', async () => {
    await expect(explanationPng(image, await explanationOf(), 2)).rejects.toThrow(
      /expected a token of the answer, 1 to 2, got 3.*NO_SUCH_TOKEN/,
    );
  });
});

describe('explanationWebp', () => {
  it('has a frame for every token', async () => {
    const webp = await explanationWebp(image, await explanationOf());
    const { format, pages, delay } = await sharp(webp, { animated: true }).metadata();
    expect({ format, pages, delay }).toEqual({ format: 'webp', pages: 2, delay: [600, 600] });
  });

  it('is a picture that stands still for an answer of one token', async () => {
    const explanation = await explanationOf();
    const webp = await explanationWebp(image, { ...explanation, steps: explanation.steps.slice(0, 1) });
    expect((await sharp(webp).metadata()).format).toBe('webp');
  });
});
