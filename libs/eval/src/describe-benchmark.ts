import type { BenchmarkSteps } from './benchmark.js';
import type { Item, Request } from './item.js';
import { columns } from './text-columns.js';

/** What a benchmark is, for people and programs. */
export interface BenchmarkDescription {
  name: string;
  about: string;
  version: string;
  /** Files and folders that its folder must have; "a or b" where it has several names. */
  files: string[];
  source: string;
  /** The first is the default. */
  protocols: ProtocolDescription[];
}

/** A way to ask a benchmark. */
export interface ProtocolDescription {
  protocol: string;
  /** Of the published benchmark; null where it is not known. */
  items: number | null;
  /** The main one first; `judged`: a judge says it. */
  metrics: { name: string; kind: string; judged: boolean }[];
  /** Files that this protocol needs besides, and where they come from. */
  files: string[];
  source: string | null;
  /** What the model is asked, with {question} and {options} in their places. */
  request: Request;
}

/** Says what a benchmark needs, asks and measures. */
export function describeBenchmark(benchmark: BenchmarkSteps): BenchmarkDescription {
  const { name, about, version, published, protocols } = benchmark;
  return {
    name,
    about,
    version,
    files: published.files.map(namesOf),
    source: published.source,
    protocols: protocols.map((protocol) => {
      const special = published.protocolFiles?.[protocol];
      const sample = sampleItem(name, protocol);
      const judged = benchmark.judgeQuestion?.(sample, '', protocol) !== undefined;
      return {
        protocol,
        items: special?.items ?? published.items ?? null,
        metrics: benchmark.metrics(protocol).map((metric, i) => ({ ...metric, judged: judged && i === 0 })),
        files: special?.files.map(namesOf) ?? [],
        source: special?.source ?? null,
        request: benchmark.prompt(sample, protocol),
      };
    }),
  };
}

/** A line for each benchmark: name, number of items, what it is, protocols. */
export function formatBenchmarkList(benchmarks: Iterable<BenchmarkSteps>): string {
  const rows = [...benchmarks].map(({ name, about, published, protocols }) => [
    name,
    String(published.items ?? '-'),
    about,
    protocols.join(' '),
  ]);
  return columns(['benchmark', 'items', 'about', 'protocols'], rows, 4);
}

function namesOf(file: string | readonly string[]): string {
  return typeof file === 'string' ? file : file.join(' or ');
}

function sampleItem(benchmark: string, protocol: string): Item {
  return {
    id: `${benchmark}/{id}`,
    benchmark,
    category: null,
    question: '{question}',
    ...(protocol === 'ocr' ? { publishedPrompt: '{text of the question file}' } : {}),
    picture: { kind: 'file', path: '{image}' },
    options: ['{option}', '{other option}'],
    targets: ['{answer}'],
  };
}
