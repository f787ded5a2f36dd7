import {
  DEVICE_SPEEDS,
  itemCost,
  secondsAtLeast,
  type CostedModel,
  type DeviceSpeed,
  type ItemCost,
  type Looking,
} from '@flexattn/flexattn-runtime';
import { publishedShape } from '@flexattn/train';
import { formatted } from './formatted.js';

/** MagnifierBench's question with four options, and the system text: about this many tokens; a phrase of an answer. */
const ASKED = { text: 130, answer: 16 };

/** The paper's FLOPs on MagnifierBench, in 10^12. */
const PAPER = { hd: 24.9, flex: 17.1, cross: 27.1 };

const WAYS: readonly { name: string; looking: Looking; paper?: number }[] = [
  { name: 'LLaVA, 336 px', looking: { kind: 'plain' } },
  { name: 'LLaVA, 448 px', looking: { kind: 'plain', side: 448 }, paper: PAPER.hd },
  ...[0.05, 0.1, 0.25, 1].map((share) => ({
    name: `FlexAttention, 1008 px, ${share * 100} % selected`,
    looking: { kind: 'selected', share } as const,
    paper: PAPER.flex,
  })),
  { name: 'all rows to all high-res tokens, 1008 px', looking: { kind: 'every-row' }, paper: PAPER.cross },
  { name: 'LLaVA, 1008 px in one piece', looking: { kind: 'plain', side: 1008 } },
];

/** The GPUs of the tables. */
const GPUS: readonly DeviceSpeed[] = [
  DEVICE_SPEEDS['v100-32gb'],
  DEVICE_SPEEDS['rtx-4090'],
  DEVICE_SPEEDS['a100-80gb'],
  DEVICE_SPEEDS.h100,
];

const HEAD = `# What an item costs

LLaVA-1.5-7B, by formulas (\`libs/flexattn-runtime/src/cost.ts\`), nothing measured. A multiply and an add are two operations; the
item is a picture and ${ASKED.text} tokens of text, nothing reused from an item before. Bytes are 16-bit weights, keys and values, each read
once. \`npx flexattn plan --config NAME\` does the same for a configuration of your own, with memory and the whole run.`;

/** The selected share at which the formula gives the paper's figure. */
function shareOf(model: CostedModel, paper: number): string {
  const at = (share: number) => itemCost(model, { kind: 'selected', share }, ASKED).first.flops / 1e12;
  return `${Math.round(((paper - at(0)) / (at(1) - at(0))) * 100)} %`;
}

/** FLOPs at 448 px where the tokens of the 336 px picture stand beside: the global view that LLaVA-1.5-HD has. */
function withGlobalView(model: CostedModel): number {
  const lowTokens = (model.vision.image_size / model.vision.patch_size) ** 2;
  const both = { ...ASKED, text: ASKED.text + lowTokens };
  const { first } = itemCost(model, { kind: 'plain', side: 448 }, both);
  return first.flops + itemCost(model, { kind: 'plain' }, ASKED).vision.flops;
}

const footer = (model: CostedModel): string => `## How far from the paper, and why

| figure | comparison |
| --- | --- |
| every row to every high-res token | within some percent |
| FlexAttention | the paper's ${PAPER.flex} TFLOPs are reached where ${shareOf(model, PAPER.flex)} of the tokens are projected in each selecting layer; here only selected ones are, and how many that is depends on picture and question |
| 448 px | a third lower than the paper; with the 576 tokens of the 336 px picture beside the 1,024, the global view that LLaVA-1.5-HD has, it is ${tera(withGlobalView(model))} TFLOPs (${offBy(withGlobalView(model), PAPER.hd)}) |
| order of the three | the same |

The paper's figures are second-hand readings for MagnifierBench, and say neither the length of the prompt nor what was counted. A
selected token is projected once for each picture and layer, so further tokens and questions cost less; published: anew at every step.`;

/** `docs/cost.md`. */
export async function costPage(root: string): Promise<string> {
  const model = publishedShape('llava-v1.5-7b');
  if (model === undefined) throw new Error('the published shape of llava-v1.5-7b is missing');
  const costs = WAYS.map((way) => ({ ...way, cost: itemCost(model, way.looking, ASKED) }));
  const operations = costs.map(({ name, paper, cost: { first, further, vision, highRes } }) => [
    name,
    tera(first.flops),
    paper ?? '',
    paper === undefined ? '' : offBy(first.flops, paper),
    ...[tera(vision.flops), tera(highRes.flops), giga(first.bytes), giga(further.flops), giga(further.bytes)],
  ]);
  const times = costs.map(({ name, cost }) => [name, ...GPUS.map((gpu) => secondsOf(cost, gpu))]);
  const gpus = GPUS.map(({ name, flops, bandwidth, source }) => [
    name,
    flops / 1e12,
    bandwidth / 1e9,
    source,
  ]);
  return formatted(
    [
      HEAD,
      table(['way of looking', 'first token, TFLOPs', ...OPERATIONS], operations),
      `Bounds on the time: operations or bytes at the GPU's full speed, whichever takes longer. First token, each further token, and
an item of ${ASKED.answer} tokens:`,
      table(['way of looking', ...GPUS.map(({ name }) => name)], times),
      table(['GPU', 'TFLOP/s, 16 bits, dense', 'GB/s', 'by'], gpus),
      footer(model),
      'Made by `node tools/dist/docs/cost.js > docs/cost.md`.',
    ].join('\n\n'),
    root,
  );
}

const OPERATIONS = ['paper', 'off by', 'tower', 'high-res', 'GB', 'further token, GFLOPs', 'GB'];

function secondsOf({ first, further }: ItemCost, gpu: DeviceSpeed): string {
  const [begin, next] = [first, further].map((cost) => secondsAtLeast(cost, gpu));
  const item = (begin ?? NaN) + (ASKED.answer - 1) * (next ?? NaN);
  return [begin, next, item].map((seconds = NaN) => `${(1000 * seconds).toFixed(1)} ms`).join(', ');
}

/** Of a figure of the paper, in 10^12. */
function offBy(flops: number, paper: number): string {
  const percent = Math.round((flops / 1e12 / paper - 1) * 100);
  return `${percent > 0 ? '+' : ''}${percent} %`;
}

const tera = (flops: number) => (flops / 1e12).toFixed(1);
const giga = (count: number) => (count / 1e9).toFixed(1);

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
