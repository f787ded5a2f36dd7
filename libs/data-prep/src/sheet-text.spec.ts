import { describe, expect, it } from 'vitest';
import { escapeXml, printable, wrapText } from './sheet-text.js';

describe('escapeXml', () => {
  it.each([
    ['a', 'a'],
    [
      '</text><image href="file:///etc/passwd"/>',
      '&lt;/text&gt;&lt;image href=&quot;file:///etc/passwd&quot;/&gt;',
    ],
    ["&amp; 'x'", '&amp;amp; &#39;x&#39;'],
    [']]><![CDATA[', ']]&gt;&lt;![CDATA['],
    ['a\0b\u001b[31m\ufffe', 'a\ufffdb\ufffd[31m\ufffd'],
    ['\ud800x', '\ufffdx'],
    ['é 猫 😀', 'é 猫 😀'],
  ])('%j becomes %j', (text, escaped) => {
    expect(escapeXml(text)).toBe(escaped);
  });
});

describe('printable', () => {
  it('is one line that steers no terminal', () => {
    expect(printable('a\r\nb\t c\u009b2J\u202ed\u2028e')).toBe('a b c\ufffd2J\ufffdd e');
  });
});

describe('wrapText', () => {
  it.each([
    ['', 5, 2, []],
    [' \n ', 5, 2, []],
    ['one two', 7, 2, ['one two']],
    ['one two', 6, 2, ['one', 'two']],
    ['one two six', 7, 1, ['one tw…']],
    ['abcdefghij', 4, 3, ['abcd', 'efgh', 'ij']],
    ['abcdefghij', 4, 2, ['abcd', 'efg…']],
    ['a abcdefghij', 4, 9, ['a', 'abcd', 'efgh', 'ij']],
    ['猫猫猫', 4, 2, ['猫猫', '猫']],
    ['猫猫猫', 4, 1, ['猫…']],
    ['one\ntwo', 9, 2, ['one two']],
  ])('%j in lines of %i, at most %i: %j', (text, columns, lines, expected) => {
    expect(wrapText(text, columns, lines)).toEqual(expected);
  });

  it('does not take long for a long text', () => {
    expect(wrapText('word '.repeat(100_000), 40, 3)).toHaveLength(3);
  });
});
