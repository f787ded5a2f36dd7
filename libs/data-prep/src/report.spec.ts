import { describe, expect, it } from 'vitest';
import type { SampleResult } from './clean-sample.js';
import { MAX_SOURCES } from './limits.js';
import { Outcomes } from './outcome.js';
import { reportOf } from './report.js';
import type { Sample } from './sample.js';

const sample = (image?: string): Sample => ({
  id: 1,
  conversations: [],
  ...(image === undefined ? {} : { image }),
});
const kept = (changes: (SampleResult & { kept: true })['changes'] = []): SampleResult => ({
  kept: true,
  sample: sample(),
  changes,
});
const dropped = (code: 'BAD_SHAPE' | 'PATH_ESCAPE' | 'IMAGE_MISSING'): SampleResult => ({
  kept: false,
  code,
  detail: '',
});

/** Counts samples as a run does. */
class Tally {
  readonly #outcomes = new Outcomes();
  readonly #counts = new Map<number, number>();

  add(value: unknown, result: SampleResult): void {
    const outcome = this.#outcomes.of(0, this.#outcomes.sourceOfValue(value, result.kept), result);
    const id = this.#outcomes.idOf(outcome);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  report() {
    return reportOf(this.#outcomes.list.map((outcome, id) => [outcome, this.#counts.get(id) ?? 0]));
  }
}

function sourcesOf(...added: [unknown, SampleResult][]): string[] {
  const tally = new Tally();
  for (const [value, result] of added) tally.add(value, result);
  return Object.keys(tally.report().sources);
}

describe('reportOf', () => {
  it('counts samples, changes and drops, in all and by source', () => {
    const tally = new Tally();
    tally.add(sample('vg/VG_100K/1.jpg'), kept(['TAG_ADDED', 'EXTENSION_FIXED']));
    tally.add(sample('vg/VG_100K/2.jpg'), kept(['TAG_ADDED']));
    tally.add(sample('vg/VG_100K/3.jpg'), dropped('IMAGE_MISSING'));
    tally.add(sample('coco/train2017/1.jpg'), kept());
    tally.add(sample(), kept(['PLACEHOLDER_ADDED']));
    tally.add(undefined, dropped('BAD_SHAPE'));
    const report = tally.report();
    expect(report).toMatchObject({ samples: 6, kept: 4, untouched: 1 });
    expect(report.changed).toEqual({ EXTENSION_FIXED: 1, PLACEHOLDER_ADDED: 1, TAG_ADDED: 2 });
    expect(report.dropped).toEqual({ BAD_SHAPE: 1, IMAGE_MISSING: 1 });
    expect(Object.keys(report.sources)).toEqual(['coco/train2017', 'text only', 'unknown', 'vg/VG_100K']);
    expect(report.sources['vg/VG_100K']).toEqual({
      samples: 3,
      kept: 2,
      untouched: 0,
      changed: { EXTENSION_FIXED: 1, TAG_ADDED: 2 },
      dropped: { IMAGE_MISSING: 1 },
    });
  });

  it.each([
    ['a/b/c.png', 'a/b'],
    ['a/b/c/d/e.png', 'a/b'],
    ['./a//b.png', 'a'],
    ['b.png', '.'],
    [`${'x'.repeat(5000)}/b.png`, 'unknown'],
  ])('names the source of %s', (name, source) => {
    expect(sourcesOf([sample(name), kept()])).toEqual([source]);
  });

  it.each([
    ['a name that leaves the root', sample('../secret/a.png'), dropped('PATH_ESCAPE')],
    ['a name that leaves the root, dropped before', sample('../secret/a.png'), dropped('BAD_SHAPE')],
    ['an image that is no text', { image: 5 }, dropped('BAD_SHAPE')],
    ['no object', [1], dropped('BAD_SHAPE')],
  ])('does not take a source from %s', (_, value, result) => {
    expect(sourcesOf([value, result])).toEqual(['unknown']);
  });

  it('counts a folder named __proto__', () => {
    expect(sourcesOf([sample('__proto__/a.png'), kept()])).toEqual(['__proto__']);
  });

  it('counts further sources together, so that the report stays small', () => {
    const many = Array.from({ length: MAX_SOURCES + 5 }, (_, i): [unknown, SampleResult] => [
      sample(`${i}/a.png`),
      kept(),
    ]);
    const names = sourcesOf(...many);
    expect(names).toHaveLength(MAX_SOURCES + 1);
    expect(names).toContain('other');
  });

  it('counts images whose bytes are not what their extension says', () => {
    const tally = new Tally();
    const found = (name: string): SampleResult => ({
      kept: true,
      sample: sample(name),
      changes: [],
      image: { found: name, size: 9, type: 'png' },
    });
    for (const name of ['a.jpg', 'b.jpg', 'c.png', 'd.dat']) tally.add(sample(name), found(name));
    expect(tally.report().mislabelled).toEqual({ '.jpg is png': 2, 'another extension is png': 1 });
  });
});
