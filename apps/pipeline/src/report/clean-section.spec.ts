import { describe, expect, it } from 'vitest';
import { cleanSection } from './clean-section.js';

describe('cleanSection', () => {
  it('tells what was kept, changed and dropped, the most frequent first', () => {
    const { markup } = cleanSection({
      samples: 2000,
      kept: 1500,
      changed: { TAG_ADDED: 3, TAG_MOVED: 1200 },
      dropped: { BAD_SHAPE: 500 },
    });
    expect(markup).toMatch(
      /Of 2,000 raw samples <b>1,500<\/b> were kept\s+\(75.0 %\) and\s+<b>500<\/b> dropped/,
    );
    expect([...markup.matchAll(/<code>(\w+)<\/code>/g)].map(([, name]) => name)).toEqual([
      'TAG_MOVED',
      'TAG_ADDED',
      'BAD_SHAPE',
    ]);
    expect(markup).toContain('<td>1,200</td>');
    expect(markup).toContain('the picture had no &lt;image&gt; tag');
  });

  it('says so where nothing was dropped', () => {
    const { markup } = cleanSection({ samples: 2, kept: 2, changed: {}, dropped: {} });
    expect(markup).toContain('Dropped: none.');
  });
});
