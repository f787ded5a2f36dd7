import { describe, expect, it } from 'vitest';
import { html, trusted } from './html.js';

describe('html', () => {
  it.each([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['"><img src=x onerror=alert(1)>', '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;'],
    ["' onmouseover='x", '&#39; onmouseover=&#39;x'],
    ['&lt;', '&amp;lt;'],
    ['plain text', 'plain text'],
  ])('shows %j as text', (text, expected) => {
    expect(html`<p title="${text}">${text}</p>`.markup).toBe(`<p title="${expected}">${expected}</p>`);
  });

  it('keeps markup of its own and of trusted sources, alone and in lists', () => {
    const item = html`<b>${'<'}</b>`;
    expect(html`${[item, item]}${trusted('<hr>')}`.markup).toBe('<b>&lt;</b><b>&lt;</b><hr>');
  });

  it('drops the indentation of templates, not that of data', () => {
    const data = 'a\n    b';
    expect(html(Object.assign(['<p>\n    ', '\n  </p>'], { raw: [] }), data).markup).toBe(
      '<p>\na\n    b\n</p>',
    );
  });

  it('leaves out what is not there, but not zero', () => {
    expect(html`a${null}b${undefined}c${false}d${0}e`.markup).toBe('abcd0e');
  });
});
