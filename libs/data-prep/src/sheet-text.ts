/** Code points that take two columns: East Asian scripts, full-width forms, pictures. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60\p{Extended_Pictographic}]/u;

/** What XML 1.0 has no way to write, what steers a terminal, and what turns the direction of the text around it. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\ufffe\uffff]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** `text` for a person, on one line: nothing in it steers a terminal. */
export function printable(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(UNPRINTABLE, '\ufffd');
}

/** `text` as XML text or attribute: nothing in it can be taken for markup. */
export function escapeXml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** `text` in at most `lines` lines of `columns`, broken at spaces where there are any; the last one ends in `…` if cut. */
export function wrapText(text: string, columns: number, lines: number): string[] {
  const wrapped: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/u).filter((part) => part !== '')) {
    for (const piece of piecesOf(word, columns)) {
      const longer = line === '' ? piece : `${line} ${piece}`;
      if (widthOf(longer) <= columns) {
        line = longer;
        continue;
      }
      wrapped.push(line);
      line = piece;
      if (wrapped.length > lines) return cut(wrapped, columns, lines);
    }
  }
  if (line !== '') wrapped.push(line);
  return cut(wrapped, columns, lines);
}

function cut(wrapped: string[], columns: number, lines: number): string[] {
  if (wrapped.length <= lines) return wrapped;
  const last = piecesOf(wrapped[lines - 1] ?? '', columns - 1)[0] ?? '';
  return [...wrapped.slice(0, lines - 1), `${last}…`];
}

/** A word in pieces that fit into a line. */
function piecesOf(word: string, columns: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let width = 0;
  for (const character of word) {
    const next = widthOf(character);
    if (width + next > columns) {
      pieces.push(piece);
      piece = '';
      width = 0;
    }
    piece += character;
    width += next;
  }
  return [...pieces, piece];
}

function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}
