import { createHash } from 'node:crypto';
import { html, trusted, type Html } from './html.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

/** The parts of a page. */
export interface DocumentParts {
  title: string;
  /** Links to the sections. */
  nav?: Html | undefined;
  /** What the page is about, below its title. */
  header: Html;
  main: Html;
  /** Default: that of the report. */
  style?: string | undefined;
  /** Default: that of the report; null: the page has none. */
  script?: string | null | undefined;
  /** Where pictures may come from; default: the page itself and this disk. */
  pictures?: string | undefined;
}

/** One HTML document with style and script inside that asks nothing of any network. */
export function htmlDocument({
  title,
  nav,
  header,
  main,
  style = STYLE,
  script = SCRIPT,
  pictures = 'data: file:',
}: DocumentParts): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="${contentSecurityPolicy(style, script, pictures)}"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${trusted(`<style>${style}</style>`)}
      </head>
      <body>
        <header>${nav === undefined ? html`<h1>${title}</h1>` : titleWithLinks(title, nav)} ${header}</header>
        <main>${main}</main>
        ${script === null ? null : trusted(`<script>${script}</script>`)}
      </body>
    </html> `.markup;
}

function titleWithLinks(title: string, nav: Html): Html {
  return html`<div class="title">
    <h1>${title}</h1>
    <nav aria-label="Sections">${nav}</nav>
  </div>`;
}

/** Nothing is loaded but pictures; of styles and scripts only these very texts are used. */
function contentSecurityPolicy(style: string, script: string | null, pictures: string): string {
  return [
    "default-src 'none'",
    `img-src ${pictures}`,
    `style-src ${hashSource(style)}`,
    ...(script === null ? [] : [`script-src ${hashSource(script)}`]),
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
