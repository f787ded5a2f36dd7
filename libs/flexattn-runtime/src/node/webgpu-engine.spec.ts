import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compileModel } from './compile.js';
import { CompiledLibs } from './compiled-libs.fixture.js';
import { verifyGolden } from './golden.js';
import { readImage } from './image.js';
import { openLocalModel } from './local-model.js';
import { openModelFolder } from './model-folder.js';
import { SwiftShader } from './swiftshader.fixture.js';
import { WebGpuEngine } from './webgpu-engine.js';
import { DeviceTensor, WebGpuSessions } from './webgpu-session.js';
import type { DeviceRun } from './webgpu-session.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
const CASES = [
  'zoom3-126px',
  'zoom2-182px',
  'selects-nothing',
  'llava-geometry-1008px',
  'grouped-heads',
  'half-precision',
];
/**
 * The cases that a software driver computes too; all of them where FLEXATTN_WEBGPU_GOLDEN is `all`. One takes 12 seconds
 * of a core, most of them for compiling shaders.
 */
const ON_DRIVER = process.env['FLEXATTN_WEBGPU_GOLDEN'] === 'all' ? CASES : ['grouped-heads'];
/** Milliseconds: the driver computes on the cores that other tests use. */
const LONG = ON_DRIVER.length > 1 ? 1_200_000 : 300_000;
const CHECKPOINT = join(GOLDEN, 'grouped-heads');
const PICTURES = ['image0.png', 'image1.png'].map((name) => join(CHECKPOINT, name));
const PROMPT = [1, 17, 18, -200, 45, 46];
const OPTIONS = [[7, 8, 9], [10], [11, 12]];

describe("the device's graphs on the processor", () => {
  it.each(CASES)('%s: same tokens, same regions, logits within 1e-3, losses within 1e-4', async (name) => {
    const options = { device: 'cpu', graphs: 'device', threads: 2 } as const;
    const { ok, cases } = await verifyGolden([join(GOLDEN, name)], options);
    expect(cases[0]?.images.filter((image) => !image.ok)).toEqual([]);
    expect(ok).toBe(true);
  });

  it.each([
    ['a prompt that ends with the picture', { prompt: [1, 17, -200] }],
    ['a prompt that begins with it', { prompt: [-200, 5] }],
    ['selection none', { selection: 'none' }],
    ['selection random', { selection: 'random', share: 0.3 }],
    ['options of one token', { options: [[3], [4]] }],
  ] as const)('answer as those of the processor do: %s', async (_, given) => {
    const {
      prompt = PROMPT,
      options = OPTIONS,
      ...selection
    } = { ...(given as object) } as {
      prompt?: number[];
      options?: number[][];
    };
    const image = PICTURES[0] ?? '';
    const answers = [];
    const losses: number[][] = [];
    for (const graphs of ['steps', 'device'] as const) {
      const model = await openLocalModel(CHECKPOINT, { ...selection, device: 'cpu', graphs, threads: 2 });
      const { tokens, regions } = await model.generate({ image, prompt, maxNewTokens: 4 });
      const scored = await model.scoreOptions({ image, prompt, options });
      answers.push({ tokens, regions, best: scored.best });
      losses.push(scored.losses);
      await model.close();
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(losses[1]).toEqual(losses[0]?.map((loss) => expect.closeTo(loss, 4) as number));
  });

  it('keep 16-bit weights in 16 bits where the device computes with them, within 16-bit rounding', async () => {
    const dir = join(GOLDEN, 'half-precision');
    const folder = await openModelFolder(dir, { graphs: 'device', hasFloat16: true });
    const sessions = await WebGpuSessions.open(dir, folder.graphs, folder.geometry, { device: 'cpu' });
    expect(sessions.hasHalfKeyValues).toBe(true);
    const engine = new WebGpuEngine(folder.geometry, sessions, 0);
    const exact = await openLocalModel(dir, { device: 'cpu' });
    const image = await readImage(join(dir, 'image0.png'));
    const [half, whole] = [
      await engine.score(image, PROMPT, OPTIONS),
      await exact.scoreOptions({ image, prompt: PROMPT, options: OPTIONS }),
    ];
    for (const [index, loss] of half.losses.entries()) {
      const difference = Math.abs(loss - (whole.losses[index] ?? NaN));
      // 16-bit floats have 11 bits: 5e-4 a product, over a few layers.
      expect(difference).toBeLessThan(0.02);
      expect(difference).toBeGreaterThan(0);
    }
    await engine.close();
    await exact.close();
  });

  it('free every tensor of the device when the model is closed, and those of a forgotten picture before', async () => {
    const runs = vi.spyOn(WebGpuSessions.prototype, 'run');
    const frees = vi.spyOn(DeviceTensor.prototype, 'free');
    const kept = async () => {
      const results = await Promise.all(runs.mock.results.map(({ value }) => value as Promise<DeviceRun>));
      const freed = new Set<unknown>(frees.mock.contexts);
      return results.flatMap(({ device }) => Object.values(device)).filter((tensor) => !freed.has(tensor))
        .length;
    };
    try {
      const model = await openLocalModel(CHECKPOINT, { device: 'cpu', graphs: 'device', cacheBytes: 0 });
      const counts: number[] = [];
      for (const image of [...PICTURES, ...PICTURES]) {
        await model.generate({ image, prompt: PROMPT, maxNewTokens: 3 });
        await model.scoreOptions({ image, prompt: PROMPT, options: OPTIONS });
        counts.push(await kept());
      }
      expect(counts[0]).toBeGreaterThan(0);
      expect(new Set(counts).size).toBe(1);
      for await (const { token } of model.steps({
        image: PICTURES[0] ?? '',
        prompt: PROMPT,
        maxNewTokens: 3,
      })) {
        expect(token).toBeGreaterThanOrEqual(0);
        break;
      }
      await model.close();
      expect(await kept()).toBe(0);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('WebGPU on a software driver', () => {
  let libs: CompiledLibs;
  let driver: SwiftShader;
  let out: string;
  beforeAll(async () => {
    [libs, driver, out] = await Promise.all([
      CompiledLibs.make(),
      SwiftShader.unpack(),
      mkdtemp(join(tmpdir(), 'flexattn-webgpu-')),
    ]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([libs.remove(), driver.remove(), rm(out, { recursive: true })]);
  });

  it(
    `${ON_DRIVER.join(', ')}: same tokens, same regions, logits within 1e-3, losses within 1e-4`,
    async () => {
      const dirs = ON_DRIVER.map((name) => join(GOLDEN, name));
      const report = await libs.run(
        `import { verifyGolden } from '@flexattn/flexattn-runtime';
         const { ok, cases } = await verifyGolden(${JSON.stringify(dirs)}, { device: 'webgpu', threads: 2 });
         console.log(JSON.stringify({ ok, failed: cases.flatMap(({ images }) => images.filter((image) => !image.ok)) }));`,
        driver.env,
      );
      expect(report).toEqual({ ok: true, failed: [] });
    },
    LONG,
  );

  it(
    'runs a compiled model of 4 bits in its thread, from what was compiled, to the same answers as the processor',
    async () => {
      await compileModel({ checkpoint: CHECKPOINT, out, precision: 'int4' });
      const answers = (await libs.run(
        `import { loadModel } from '@flexattn/flexattn-runtime';
         const [image] = ${JSON.stringify(PICTURES)};
         const prompt = ${JSON.stringify(PROMPT)};
         const answers = [];
         for (const device of ['cpu', 'webgpu']) {
           const model = await loadModel(${JSON.stringify(out)}, { device, threads: 2 });
           const encoded = await model.encodeImage(image);
           const { steps } = await model.explain({ image: encoded, prompt, maxNewTokens: 2 });
           const { best } = await model.scoreOptions({ image: encoded, prompt, options: ${JSON.stringify(OPTIONS)} });
           await model.close();
           answers.push({ tokens: steps.map(({ token }) => token), best });
         }
         console.log(JSON.stringify(answers));`,
        driver.env,
      )) as unknown[];
      expect(answers[1]).toEqual(answers[0]);
    },
    LONG,
  );

  it('says what is missing where there is no driver', async () => {
    const [code, message] = (await libs.run(
      `import { loadModel } from '@flexattn/flexattn-runtime';
       const error = await loadModel(${JSON.stringify(CHECKPOINT)}, { device: 'webgpu' }).catch((error) => error);
       console.log(JSON.stringify([error.code, error.message]));`,
      { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' },
    )) as [string, string];
    expect(code).toBe('DEVICE_ABSENT');
    expect(message).toMatch(/cannot use the device "webgpu".*install a Vulkan driver/s);
  });
});
