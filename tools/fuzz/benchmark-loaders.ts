import { writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { writeItems } from '@flexattn/eval';
import type { BenchmarkSetting } from '@flexattn/eval';
import type { Random } from '../tiny/random.js';
import { corpusFile, temporaryFolder } from './corpus.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { mutateJson } from './json-mutations.js';
import { mutateText } from './mutations.js';

/** A file of a benchmark, and how the benchmark is to be read then. */
interface Source {
  name: string;
  setting: BenchmarkSetting;
}

const SOURCES: Readonly<Record<string, Source>> = {
  'textvqa/TextVQA_0.5.1_val.json': { name: 'textvqa', setting: { path: 'textvqa' } },
  'textvqa/llava_textvqa_val_v051_ocr.jsonl': {
    name: 'textvqa',
    setting: { path: 'textvqa', protocol: 'ocr' },
  },
  'vstar/vstar_bench/direct_attributes/sa_2.json': {
    name: 'vstar',
    setting: { path: 'vstar', protocol: 'letters' },
  },
  'magnifier/data_instructions.json': {
    name: 'magnifier',
    setting: { path: 'magnifier', protocol: 'freeform' },
  },
  'magnifier/images.json': { name: 'magnifier', setting: { path: 'magnifier' } },
  'docvqa/val_v1.0_withQT.json': { name: 'docvqa', setting: { path: 'docvqa' } },
  'chartqa/test/test_human.json': { name: 'chartqa', setting: { path: 'chartqa/test' } },
  'pope/coco_pope_random.json': { name: 'pope', setting: { path: 'pope' } },
  'refcoco/refcocog_val.jsonl': { name: 'refcoco', setting: { path: 'refcoco' } },
  'rsvqa-hrben/USGS_split_test_phili_questions.json': {
    name: 'rsvqa-hrben',
    setting: { path: 'rsvqa-hrben' },
  },
  'rsvqa-hrben/USGS_split_test_phili_answers.json': {
    name: 'rsvqa-hrben',
    setting: { path: 'rsvqa-hrben' },
  },
  'own/anls.jsonl': { name: 'mine', setting: { path: 'own/anls.jsonl', metric: 'anls' } },
  'own/choice.jsonl': { name: 'mine', setting: { path: 'own/choice.jsonl', metric: 'choice' } },
  'own/iou.jsonl': { name: 'mine', setting: { path: 'own/iou.jsonl', metric: 'iou' } },
};

/** Files of every benchmark, one of them damaged: items, rejects, or one error for all. */
export function benchmarkLoadersTarget(): FuzzTarget {
  const { path, close } = temporaryFolder('benchmark-loaders');
  const kinds = Object.keys(SOURCES).flatMap((file) => kindsOf(file));
  return {
    kinds: Object.fromEntries(kinds),
    close,
    warmUp: 4000,
    read: (bytes, kind) => loadItems(path, kind.split(' ')[0] ?? '', bytes),
  };
}

function kindsOf(file: string): [string, (random: Random) => Uint8Array][] {
  const text = Buffer.from(corpusFile(`benchmark-loaders/${file}`)).toString();
  const isLines = file.endsWith('.jsonl') || file.startsWith('pope/');
  const values = (isLines ? text.trimEnd().split('\n') : [text]).map((one) => JSON.parse(one) as unknown);
  const mutate = (random: Random) => {
    const one = random.below(values.length);
    return values
      .map((value, i) => `${i === one ? mutateJson(value, random) : JSON.stringify(value)}\n`)
      .join('');
  };
  return [
    [`${file} text`, (random) => mutateText(text, random)],
    [`${file} value`, (random) => new TextEncoder().encode(mutate(random))],
  ];
}

/** What was rejected is counted by code. */
async function loadItems(root: string, file: string, bytes: Uint8Array): Promise<string> {
  const source = SOURCES[file];
  if (source === undefined) throw new Error(`no benchmark has the file ${file}`);
  const { name, setting } = source;
  writeFileSync(joinPath(root, file), bytes);
  try {
    // Only MagnifierBench has its pictures in a file that is parsed.
    const dryRun = file !== 'magnifier/images.json';
    const out = joinPath(root, 'out');
    const report = await writeItems({ benchmarks: { [name]: setting }, root, out, quiet: true, dryRun });
    const codes = Object.keys(report.benchmarks[name]?.rejects ?? {});
    return codes.length === 0 ? 'read' : `read but ${codes.join(' and ')}`;
  } finally {
    writeFileSync(joinPath(root, file), corpusFile(`benchmark-loaders/${file}`));
  }
}
