import { createHash } from 'node:crypto';
import { html, trusted, type Html } from './html.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

/** The parts of a page. */
export interface DocumentParts {
  title: string;
  /** Links to the sections. */
  nav: Html;
  /** What the page is about, below its title. */
  header: Html;
  main: Html;
}

/** One HTML document with style and script inside that asks nothing of any network. */
export function htmlDocument({ title, nav, header, main }: DocumentParts): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${trusted(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <header>
          <div class="title">
            <h1>${title}</h1>
            <nav aria-label="Sections">${nav}</nav>
          </div>
          ${header}
        </header>
        <main>${main}</main>
        ${trusted(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `.markup;
}

/** Nothing is loaded but pictures, of the page or of this disk; of styles and scripts only these very texts are used. */
function contentSecurityPolicy(): string {
  return [
    "default-src 'none'",
    'img-src data: file:',
    `style-src ${hashSource(STYLE)}`,
    `script-src ${hashSource(SCRIPT)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Remarks, one a paragraph. */
export function noteSection(notes: readonly string[]): Html | null {
  return notes.length === 0
    ? null
    : html`<aside aria-label="Notes">${notes.map((note) => html`<p class="note">${note}</p>`)}</aside>`;
}
