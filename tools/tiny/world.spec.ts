import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanDataset } from '@flexattn/data-prep';
import { loadTokenizer } from '@flexattn/flexattn-runtime';
import { openCheckpoint, toFloat32 } from '@flexattn/model-prep';
import { describe, expect, it } from 'vitest';
import { compareFolder } from './folder.js';
import { vocabularyTexts } from './questions.js';
import { createRandom } from './random.js';
import { FINE, PICTURE_SIZE, drawScene } from './scene.js';
import { vocabularySize } from './tokenizer.js';
import { WORLD_SEED, buildWorld } from './world.js';

const WORLD = join(import.meta.dirname, 'world');
const files = buildWorld(WORLD_SEED);
const OWNED = ['data', 'benchmarks'];

describe('the committed world', () => {
  it('is byte for byte what the generator makes', async () => {
    expect(await compareFolder(WORLD, files, OWNED)).toEqual([]);
  });

  it('would be found different after a change of one byte, a missing and an extra file', async () => {
    const [first, second, ...rest] = files.filter(({ path }) => path.startsWith('benchmarks/textvqa/'));
    if (!first || !second) throw new Error('the benchmark has files');
    const wanted = [
      { path: first.path, bytes: Uint8Array.of(1) },
      { path: 'benchmarks/textvqa/new.json', bytes: Uint8Array.of(1) },
      ...rest,
    ];
    expect((await compareFolder(WORLD, wanted, ['benchmarks/textvqa'])).sort()).toEqual(
      [
        `${first.path}: other bytes`,
        'benchmarks/textvqa/new.json: missing',
        `${second.path}: not made by the generator`,
      ].sort(),
    );
  });

  it('is small enough to live in git', () => {
    expect(files.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(5_000_000);
  });

  it('keeps the pictures of benchmarks out of training', () => {
    const pictures = files.filter(({ path, bytes }) => /\.(png|jpe?g)$/i.test(path) && bytes.length > 100);
    const hashes = pictures.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'));
    expect(new Set(hashes).size).toBe(pictures.length);
  });
});

describe('the raw annotations', () => {
  it('are dirty in every way that cleaning repairs or drops, and leave 1,930 samples', async () => {
    const out = await mkdtemp(join(tmpdir(), 'tiny-clean-'));
    const { samples, kept, changed, dropped } = await cleanDataset({
      annotations: ['annotations.json', 'oversized.json.gz'].map((name) => join(WORLD, 'data', name)),
      images: join(WORLD, 'data', 'images'),
      out: join(out, 'clean'),
      verify: 'decode',
      quiet: true,
    });
    await rm(out, { recursive: true });
    expect({ samples, kept }).toEqual({ samples: 1990, kept: 1930 });
    expect(changed).toEqual({
      EXTENSION_FIXED: 121,
      PLACEHOLDER_ADDED: 90,
      TAGS_MERGED: 60,
      TAG_ADDED: 44,
      TAG_MOVED: 126,
    });
    expect(dropped).toEqual({
      BAD_SHAPE: 16,
      DUPLICATE_KEY: 2,
      IMAGE_CORRUPT: 1,
      IMAGE_EMPTY: 3,
      IMAGE_MISSING: 18,
      IMAGE_TOO_LARGE: 1,
      IMAGE_UNKNOWN: 3,
      INVALID_UTF8: 1,
      LONE_SURROGATE: 2,
      NO_HUMAN_TURN: 3,
      PATH_ESCAPE: 6,
      PROTO_KEY: 1,
      SAMPLE_TOO_LARGE: 1,
      TOO_DEEP: 2,
    });
  });
});

describe('the base checkpoint', () => {
  it('is a LLaVA whose tensors fit its configuration and whose weights are trained', async () => {
    const base = await openCheckpoint(join(WORLD, 'base'));
    expect(base.config.extra).toMatchObject({
      lowresSize: 63,
      highresSize: 189,
      zoomRatio: 3,
      selectFromLayer: 1,
    });
    expect([...base.tensors.keys()].filter((name) => name.includes('_hd'))).toEqual([]);
    const norm = toFloat32(await base.read('model.norm.weight'));
    expect(norm.some((value) => value !== 1)).toBe(true);
  });
});

describe('another seed', () => {
  it('makes another world', () => {
    const pictureOf = (seed: number) => drawScene(createRandom(seed, 'train/0'), FINE).picture.pixels;
    expect(pictureOf(1)).toEqual(pictureOf(1));
    expect(pictureOf(2)).not.toEqual(pictureOf(1));
  });
});

describe('fine stripes', () => {
  it('have no trace under the threefold reduction: weights 1 2 3 2 1 leave every plate flat inside', () => {
    const weights = [1, 2, 3, 2, 1];
    for (let i = 0; i < 20; i++) {
      const { picture, plates } = drawScene(createRandom(7, `flat/${i}`), FINE);
      for (const { x, y, width, height } of plates) {
        const sums = new Set<number>();
        const base = picture.pixels[(y + 2) * picture.width + x + 2];
        for (let cy = y + 2; cy < y + height - 2; cy++) {
          for (let cx = x + 2; cx < x + width - 2; cx++) {
            let sum = 0;
            weights.forEach((wy, dy) => {
              weights.forEach((wx, dx) => {
                if (picture.pixels[(cy + dy - 2) * picture.width + cx + dx - 2] === base) sum += wx * wy;
              });
            });
            sums.add(sum);
          }
        }
        expect(sums.size).toBe(1);
      }
    }
  });

  it('lie in pictures whose longer side is the high-resolution size, square and not', () => {
    const sizes = Array.from({ length: 30 }, (_, i) => drawScene(createRandom(7, `size/${i}`), FINE).picture);
    for (const { width, height } of sizes) expect(Math.max(width, height)).toBe(PICTURE_SIZE);
    expect(sizes.some(({ width, height }) => width > height)).toBe(true);
    expect(sizes.some(({ width, height }) => width < height)).toBe(true);
    expect(sizes.some(({ width, height }) => width === height)).toBe(true);
  });
});

describe('the tokenizer', async () => {
  const tokenizer = await loadTokenizer(join(WORLD, 'base'));

  it('has one token a word for every text of the world', () => {
    const [, space] = tokenizer.encode(' ');
    for (const text of vocabularyTexts()) {
      const words = text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N} ]/gu) ?? [];
      const [bos, ...ids] = tokenizer.encode(text);
      expect(bos).toBe(1);
      expect(ids.filter((id) => id !== space)).toHaveLength(words.length);
    }
  });

  it('reads back what it wrote, bytes outside the vocabulary included', () => {
    const text = 'Which way? naïve 東京 \u{1f600} 42';
    const ids = tokenizer.encode(text);
    expect(Math.max(...ids)).toBeLessThan(vocabularySize());
    expect(tokenizer.decode(ids)).toBe(text);
  });
});
