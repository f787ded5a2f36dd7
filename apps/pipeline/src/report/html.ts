/** Markup that is safe to put into a page as it stands. Only `html` and `trusted` make it. */
export class Html {
  constructor(readonly markup: string) {}
}

/** What may stand in a template: text and numbers are escaped, markup and lists of it are not, the rest is left out. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** A template of HTML or SVG: whatever is put into it as text is shown as text, in elements and in quoted attributes. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  const parts = strings.map(
    (text, i) => text.replace(INDENTATION, '\n') + (i < contents.length ? markupOf(contents[i]) : ''),
  );
  return new Html(parts.join(''));
}

/** Of templates; it means nothing to a browser and would be a fifth of the page. */
const INDENTATION = /\n\s+/g;

/** Markup that this program wrote itself (a style sheet, a script); never data. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

function markupOf(content: Content): string {
  if (content instanceof Html) return content.markup;
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return String(content);
  if (content === null || content === undefined || content === false) return '';
  return content.map(markupOf).join('');
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
