import { describe, expect, it } from 'vitest';
import { describeBenchmark, formatBenchmarkList } from './describe-benchmark.js';
import { magnifier } from './magnifier.js';
import { pope } from './pope.js';
import { refcoco } from './refcoco.js';
import { textvqa } from './textvqa.js';
import { vstar } from './vstar.js';

describe('describeBenchmark', () => {
  it('says what each protocol needs, asks and measures', () => {
    const { files, protocols } = describeBenchmark(textvqa);
    expect(files).toEqual(['TextVQA_0.5.1_val.json', 'train_images']);
    expect(protocols.map(({ protocol, items, files }) => [protocol, items, files])).toEqual([
      ['plain', 5000, []],
      ['ocr', 5000, ['llava_textvqa_val_v051_ocr.jsonl']],
    ]);
    expect(protocols[0]?.request.prompt).toContain('<image>\n{question}\nAnswer the question');
    expect(protocols[0]?.metrics).toEqual([{ name: 'vqa_accuracy_plain', kind: 'graded', judged: false }]);
  });

  it('tells where losses are asked for, and where a judge is', () => {
    expect(describeBenchmark(vstar).protocols.map(({ request }) => 'options' in request)).toEqual([
      true,
      true,
      false,
    ]);
    expect(describeBenchmark(magnifier).protocols.map(({ metrics }) => metrics[0]?.judged)).toEqual([
      false,
      true,
    ]);
    expect(describeBenchmark(refcoco).protocols.at(-1)).toMatchObject({
      protocol: 'refcoco+_testB',
      items: 4889,
    });
  });
});

describe('formatBenchmarkList', () => {
  it('gives each a line', () => {
    expect(formatBenchmarkList([magnifier, pope])).toBe(
      [
        'benchmark  items  about                                                      protocols',
        'magnifier  283    small details of large photographs; four lettered options  multi freeform',
        'pope       9000   photographs; is there such an object, yes or no            plain',
        '',
      ].join('\n'),
    );
  });
});
