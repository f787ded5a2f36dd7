import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openLocalModel } from './local-model.js';
import type { LocalModel } from './local-model.js';
import { GraphSessions } from './session.js';

const GOLDEN = join(import.meta.dirname, '../../golden');
/** 3 x 3 tiles, seven layers above F. */
const CASE = join(GOLDEN, 'zoom3-126px');
const [IMAGE, OTHER] = [join(CASE, 'image0.png'), join(CASE, 'image1.png')];
const PROMPT = [1, 17, 18, -200, 45, 46];
const LATER = [1, 17, 18, -200, 45, 60, 61, 9];

/** How often each graph has run since `watch`, and how many regions the decoder projected. */
function watch() {
  const seen = { vision: 0, decoder: 0, projected: 0 };
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const run = GraphSessions.prototype.run;
  vi.spyOn(GraphSessions.prototype, 'run').mockImplementation(async function (
    this: GraphSessions,
    graph,
    feeds,
    outputs,
  ) {
    const results = await run.call(this, graph, feeds, outputs);
    if (graph === 'vision' || graph === 'decoder') seen[graph]++;
    for (const [name, { dims }] of Object.entries(results))
      if (name.startsWith('newHighK')) seen.projected += dims[0] ?? 0;
    return results;
  });
  return seen;
}
afterEach(() => vi.restoreAllMocks());

/** Logits and regions of every step, and option losses. */
async function everything(model: LocalModel, prompt: number[], image = IMAGE) {
  const steps = [];
  for await (const { logits, regions } of model.steps({ image, prompt, maxNewTokens: 5 })) {
    steps.push({ logits, regions });
  }
  return { steps, ...(await model.scoreOptions({ image, prompt, options: [[5, 6, 7], [8], [9, 10]] })) };
}

const open = () => openLocalModel(CASE, { threads: 2 });

describe('reuse', () => {
  it('is exact to the bit: an answer does not depend on what was asked before', async () => {
    const fresh = await open();
    const expected = await everything(fresh, LATER);
    await fresh.close();
    const model = await open();
    await everything(model, PROMPT);
    await everything(model, PROMPT, OTHER);
    await everything(model, [1, 17, 18, 30, -200, 9]);
    expect(await everything(model, LATER)).toEqual(expected);
    await model.close();
  });

  it('encodes a picture once, and of its tiles only those that were looked at', async () => {
    const seen = watch();
    const model = await open();
    await everything(model, PROMPT);
    expect(seen.vision).toBeGreaterThan(1);
    expect(seen.vision).toBeLessThanOrEqual(10);
    seen.vision = 0;
    await everything(model, PROMPT);
    expect(seen.vision).toBe(0);
    await model.close();
    const plain = await openLocalModel(CASE, { selection: 'none', threads: 2 });
    await everything(plain, PROMPT);
    expect(seen.vision).toBe(1);
    await plain.close();
  });

  it('projects a region once per layer: never again for the same question, rarely for another', async () => {
    const seen = watch();
    const model = await open();
    const { steps } = await everything(model, PROMPT);
    const selected = new Set(
      steps.flatMap(({ regions }) =>
        regions.slice(0, -1).flatMap(({ layer, rows }) => rows.map((region) => `${layer} ${region}`)),
      ),
    );
    const first = seen.projected;
    expect(first).toBeGreaterThanOrEqual(selected.size);
    expect(first).toBeLessThan(81 * (model.geometry.layers - 1));
    await everything(model, PROMPT);
    expect(seen.projected).toBe(first);
    await model.close();
  });

  it('reads all options of a question in one run of the decoder', async () => {
    const model = await open();
    await everything(model, PROMPT);
    const seen = watch();
    await model.scoreOptions({ image: IMAGE, prompt: PROMPT, options: [[5, 6, 7], [8], [9, 10]] });
    expect([seen.vision, seen.decoder]).toEqual([0, 1]);
    await model.close();
  });

  it('forgets the least recent picture where the bytes do not suffice', async () => {
    const model = await openLocalModel(CASE, { threads: 2, cacheBytes: 1 });
    const ask = (image: string) => model.generate({ image, prompt: PROMPT, maxNewTokens: 1 });
    await ask(IMAGE);
    const seen = watch();
    await ask(IMAGE);
    expect(seen.vision).toBe(0);
    await ask(OTHER);
    seen.vision = 0;
    await ask(IMAGE);
    expect(seen.vision).toBeGreaterThan(0);
    await model.close();
  });
});
