import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { itemCost, loadModel, type CostedModel, type FlexAttentionModel } from '@flexattn/flexattn-runtime';
import { median } from './medians.js';
import { PICTURES, QUESTION } from './questions.js';
import { MINI, writeRandomCheckpoint } from './random-checkpoint.js';
import { figure } from './result-table.js';
import type { ScalingPart } from './scaling.js';
import type { CurvePoint } from './scaling-plot.js';
import { selectedWork, type SelectedWork } from './selected-work.js';

/** What sees how much of the high resolution; the first is what the others are counted over. */
const WAYS = [
  { name: 'nothing', selection: 'centre', share: 0 },
  { name: '10 % of the regions', selection: 'centre', share: 0.1 },
  { name: '25 % of the regions', selection: 'centre', share: 0.25 },
  { name: 'all high-res tokens', selection: 'all', share: 1 },
] as const;
const LOW = 336;
const PATCH = 14;
const NEW_TOKENS = 8;

/** The sizes of MINI, as the cost model takes them. */
function costed(zoom: number): CostedModel {
  const { hidden, intermediate, layers, heads, vocab, vision } = MINI;
  return {
    ...{ hidden_size: hidden, intermediate_size: intermediate, num_hidden_layers: layers, vocab_size: vocab },
    ...{ num_attention_heads: heads, num_key_value_heads: heads, zoom, selectFromLayer: 8 },
    vision: {
      ...{
        hidden_size: vision.hidden,
        intermediate_size: vision.intermediate,
        patch_size: PATCH,
        image_size: LOW,
      },
      num_hidden_layers: vision.layers,
    },
  };
}

/** What one way took in every repetition, and what it looked at. */
interface Taken extends SelectedWork {
  first: number[];
  further: number[];
}

/**
 * The cost of high resolution by the size of the picture: what a first token takes more where something is selected than
 * where nothing is, which leaves the low-resolution picture and the prompt out.
 */
export async function scaleGenerate(zooms: readonly number[], repeat: number): Promise<ScalingPart> {
  const rows: string[][] = [];
  const [operations, seconds, further]: [CurvePoint[], CurvePoint[], CurvePoint[]] = [[], [], []];
  for (const zoom of zooms) {
    const taken = await measureZoom(zoom, repeat);
    const nothing = taken[0]?.first ?? [];
    const size = `${LOW * zoom} px`;
    for (const [i, { name }] of WAYS.entries()) {
      const own = taken[i];
      if (own === undefined) continue;
      const giga = operationsOf(own, zoom) / 1e9;
      const over = own.first.map((time, run) => time - (nothing[run] ?? NaN));
      const milliseconds = own.further.map((time) => 1000 * time);
      const counts = [String(Math.round(own.tokens)), String(own.tiles), figure(giga)];
      rows.push([
        size,
        name,
        ...counts,
        ...[own.first, over, milliseconds].map((times) => figure(median(times))),
      ]);
      further.push(pointOf(name, size, milliseconds));
      if (i === 0) continue;
      operations.push(pointOf(name, size, [giga]));
      seconds.push(pointOf(name, size, over));
    }
  }
  return {
    title: '`generate` by pixels',
    text: howMeasured(repeat),
    head: [
      'picture',
      'selected',
      'high-res tokens',
      'tiles',
      'GFLOP',
      'first token, s',
      'over nothing, s',
      'each further, ms',
    ],
    rows,
    drawings: drawingsOf({ operations, seconds, further }),
  };
}

type Curves = Record<'operations' | 'seconds' | 'further', readonly CurvePoint[]>;

function drawingsOf({ operations, seconds, further }: Curves) {
  return {
    'scaling-generate-operations': drawing(
      'Operations that high resolution adds to a first token',
      '10⁹ operations',
      operations,
    ),
    'scaling-generate-seconds': drawing(
      'Seconds that high resolution adds to a first token',
      'seconds',
      seconds,
    ),
    'scaling-generate-further': drawing('Milliseconds of each further token', 'milliseconds', further),
  };
}

function drawing(title: string, values: string, points: readonly CurvePoint[]) {
  return { title, values, points, sizes: 'side of the high-resolution picture' };
}

/** The tiles that are encoded, and projecting and attending to the selected tokens. */
function operationsOf({ tokens, tiles }: SelectedWork, zoom: number): number {
  const share = tokens / (zoom * (LOW / PATCH)) ** 2;
  const { vision, highRes } = itemCost(
    costed(zoom),
    { kind: 'selected', share },
    { text: 65, answer: NEW_TOKENS },
  );
  return (tiles * vision.flops) / (1 + zoom ** 2) + highRes.flops;
}

function pointOf(curve: string, size: string, values: readonly number[]): CurvePoint {
  return { curve, size, value: median(values), low: Math.min(...values), high: Math.max(...values) };
}

function howMeasured(repeat: number): string {
  return `CLIP 6 layers x 384, LLaMA 16 layers x 512, random weights, ${availableParallelism()} threads, a picture not seen before;
medians of ${repeat} repetitions, the ways in turns. Regions are those of the centre, "all" is full cross-attention by the rows that
predict (\`selection: "all"\`). Operations are counted from the regions that were selected: encoding the tiles that they lie in,
projecting their tokens and attending to them; \`over nothing\` is the first token's time less that of the same picture with nothing
selected. At any size of the picture, time and operations follow what is selected, tokens and tiles; the number of high-res tokens
itself costs only who looks at all of them.`;
}

/** All ways at one size, in turns. */
async function measureZoom(zoom: number, repeat: number): Promise<Taken[]> {
  const dir = await mkdtemp(join(tmpdir(), 'flexattn-bench-'));
  const models: FlexAttentionModel[] = [];
  try {
    await writeRandomCheckpoint(dir, { ...MINI, zoom }, { seed: 1, spread: 0.04 });
    const taken = WAYS.map((): Taken => ({ first: [], further: [], tokens: 0, tiles: 0 }));
    // Nothing is kept of a picture but of the last: two in turn are new every time.
    for (const { selection, share } of WAYS)
      models.push(await loadModel(dir, { selection, share, cacheBytes: 0, threads: availableParallelism() }));
    for (let run = -1; run < repeat; run += 1) {
      const image = PICTURES[(run + 2) % 2] ?? '';
      for (const [i, model] of models.entries()) {
        const answer = await timedAnswer(model, image, zoom);
        const own = taken[i];
        // The first run of a session is slower.
        if (own === undefined || run < 0) continue;
        own.first.push(answer.first);
        own.further.push(answer.further);
        own.tokens = answer.tokens;
        own.tiles = answer.tiles;
      }
    }
    return taken;
  } finally {
    for (const model of models) await model.close();
    await rm(dir, { recursive: true });
  }
}

async function timedAnswer(model: FlexAttentionModel, image: string, zoom: number) {
  const times: number[] = [];
  let last = performance.now();
  const onToken = () => {
    const now = performance.now();
    times.push((now - last) / 1000);
    last = now;
  };
  const { regions } = await model.generate({ image, prompt: QUESTION, maxNewTokens: NEW_TOKENS, onToken });
  const [first = NaN, ...further] = times;
  const layers = (regions.steps[0] ?? []).map(({ rows }) => rows);
  return { first, further: median(further), ...selectedWork(layers, regions.hd, zoom) };
}
