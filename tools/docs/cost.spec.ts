import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LLAVA_7B, highResFlops, itemFlops, promptFlops, weightBytes } from './cost-model.js';
import { costPage } from './cost-page.js';

const ROOT = join(import.meta.dirname, '../..');

describe('docs/cost.md', () => {
  it('is what the formulas give', async () => {
    expect(readFileSync(join(ROOT, 'docs/cost.md'), 'utf8')).toBe(await costPage(ROOT));
  });
});

describe('the formulas', () => {
  it('count two operations for each weight and position, attention aside', () => {
    expect(promptFlops({ ...LLAVA_7B, vocabulary: 0, layers: 1 }, 1)).toBe(
      2 * (4 * 4096 ** 2 + 3 * 4096 * 11_008) + 4 * 4096,
    );
    expect(weightBytes(LLAVA_7B) / 1e9).toBeCloseTo(13.2, 1);
  });

  it('grow with the selected share, by its projections in the layers above the first', () => {
    const at = (share: number) => itemFlops(LLAVA_7B, { kind: 'flex', side: 1008, zoom: 3, share }, 130);
    expect(at(0.5) - at(0)).toBeCloseTo(23 * highResFlops(LLAVA_7B, 2592, 1), -6);
    expect(at(0.2) - at(0.1)).toBeCloseTo(at(0.1) - at(0), -6);
  });

  it('find all rows to all tokens dearer than one row to all of them', () => {
    const sizes = { side: 1008, zoom: 3 };
    const all = itemFlops(LLAVA_7B, { kind: 'all', ...sizes }, 130);
    expect(all).toBeGreaterThan(itemFlops(LLAVA_7B, { kind: 'flex', share: 1, ...sizes }, 130));
    expect(Math.abs(all / 27.1e12 - 1)).toBeLessThan(0.05);
  });
});
