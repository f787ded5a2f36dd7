import { LLAVA_7B, itemFlops, weightBytes, type Way } from './cost-model.js';
import { formatted } from './formatted.js';

/** MagnifierBench's question with four options, and the system text: about this many tokens. */
const TEXT = 130;

/** The paper's FLOPs of FlexAttention on MagnifierBench, in 10^12. */
const FLEX = 17.1;

const WAYS: readonly { name: string; way: Way; paper?: number }[] = [
  { name: 'LLaVA, 336 px', way: { kind: 'plain', side: 336 } },
  { name: 'LLaVA, 448 px', way: { kind: 'plain', side: 448 }, paper: 24.9 },
  ...[0.05, 0.1, 0.25, 1].map((share) => ({
    name: `FlexAttention, 1008 px, ${share * 100} % selected`,
    way: { kind: 'flex', side: 1008, zoom: 3, share } as const,
    paper: FLEX,
  })),
  {
    name: 'all rows to all high-res tokens, 1008 px',
    way: { kind: 'all', side: 1008, zoom: 3 },
    paper: 27.1,
  },
  { name: 'LLaVA, 1008 px in one piece', way: { kind: 'plain', side: 1008 } },
];

/** Dense 16-bit tensor operations and memory bandwidth, by NVIDIA's data sheets (SXM). */
const GPUS = [
  { name: 'V100 32 GB', teraflops: 125, gigabytes: 900 },
  { name: 'A100 80 GB', teraflops: 312, gigabytes: 2039 },
  { name: 'H100 80 GB', teraflops: 989, gigabytes: 3350 },
];

const HEAD = `# What an item costs

LLaVA-1.5-7B, by formulas (\`tools/docs/cost-model.ts\`), nothing measured. A multiply and an add are two operations; the item is a
picture and ${TEXT} tokens of text, up to the first token of its answer, nothing reused.`;

/** The selected share at which the formula gives the paper's figure. */
function shareOf(tera: number): string {
  const [none = 0, all = 1] = [0, 1].map(
    (share) => itemFlops(LLAVA_7B, { kind: 'flex', side: 1008, zoom: 3, share }, TEXT) / 1e12,
  );
  return `${Math.round(((tera - none) / (all - none)) * 100)} %`;
}

const footer = (): string => `## How far from the paper, and why

| figure | comparison |
| --- | --- |
| every row to every high-res token | within some percent |
| FlexAttention | the paper's ${FLEX} TFLOPs are reached where ${shareOf(FLEX)} of the tokens are projected in each selecting layer; here only selected ones are, and how many that is depends on picture and question |
| 448 px | a third lower than the paper; nothing known accounts for it |
| order of the three | the same |

The paper's figures are second-hand readings for MagnifierBench, and say neither the length of the prompt nor what was counted. A
selected token is projected once for each picture and layer, so further tokens and questions cost less; published: anew at every step.`;

/** `docs/cost.md`. */
export async function costPage(root: string): Promise<string> {
  const rows = WAYS.map(({ name, way, paper }) => {
    const tera = itemFlops(LLAVA_7B, way, TEXT) / 1e12;
    const off = paper === undefined ? '' : `${Math.round((tera / paper - 1) * 100)} %`;
    const seconds = GPUS.map(({ teraflops }) => (tera / teraflops).toFixed(3));
    return [name, tera.toFixed(1), paper ?? '', off, ...seconds];
  });
  const bytes = weightBytes(LLAVA_7B) / 1e9;
  const further = GPUS.map(({ name, teraflops, gigabytes }) => [
    name,
    teraflops,
    gigabytes,
    ((bytes / gigabytes) * 1000).toFixed(1),
  ]);
  const first = table(
    ['first token', 'TFLOPs', 'paper', 'off by', ...GPUS.map(({ name }) => `s, ${name}`)],
    rows,
  );
  const next = table(['GPU', 'TFLOP/s, 16 bits', 'GB/s', 'ms, each further token'], further);
  const note = `Seconds are bounds: operations at the GPU's full speed. A further token reads ${bytes.toFixed(1)} GB of 16-bit weights, at full bandwidth:`;
  const made = 'Made by `node tools/dist/docs/cost.js > docs/cost.md`.';
  return formatted([HEAD, first, note, next, footer(), made].join('\n\n'), root);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
