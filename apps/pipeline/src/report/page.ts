import { createHash } from 'node:crypto';
import type { EvalResults } from '@flexattn/eval';
import { cleanSection, type CleanCounts } from './clean-section.js';
import { facts, type Cost } from './facts.js';
import { html, trusted, type Html } from './html.js';
import type { LossCurve } from './loss-plot.js';
import type { LayerShares } from './region-share-plot.js';
import type { SizeGroup } from './size-plot.js';
import { sampleSection, type Samples } from './sample-section.js';
import { scoreSection } from './score-section.js';
import { SCRIPT } from './script.js';
import type { RunSetup } from './setup.js';
import { STYLE } from './style.js';
import { trainingSection } from './training-section.js';

/** All that the page shows. */
export interface ReportContent {
  /** Name of the run. */
  run: string;
  setup: RunSetup;
  results: EvalResults;
  /** Score of guessing by task, 0 to 1. */
  chance: ReadonlyMap<string, number>;
  clean: CleanCounts;
  curves: readonly LossCurve[];
  /** What each model's layers chose, in models that choose. */
  layers: readonly LayerShares[];
  /** Scores by the size of the object; empty where no item tells one. */
  sizes: readonly SizeGroup[];
  /** Null where no receipt tells it. */
  cost: Cost | null;
  samples: Samples;
  /** Further remarks, one a paragraph. */
  notes: readonly string[];
}

/** The report as one HTML document that asks nothing of any network and runs nothing but its own script. */
export function reportPage(content: ReportContent): string {
  const { run, setup, results, chance, clean, curves, layers, sizes, cost, samples, notes } = content;
  const title = `FlexAttention run “${run}”`;
  const training = trainingSection(curves, layers);
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
            <nav aria-label="Sections">
              <a href="#scores">Scores</a>${training && html`<a href="#training">Training</a>`}<a
                href="#cleaning"
                >Training data</a
              ><a href="#samples">Samples</a>
            </nav>
          </div>
          ${facts({ setup, clean, results, cost })}
        </header>
        <main>
          ${scoreSection({ results, models: setup.models, chance, sizes })}
          ${noteSection([...notes, ...results.warnings])} ${training} ${cleanSection(clean)}
          ${sampleSection(samples)}
        </main>
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

function noteSection(notes: readonly string[]): Html | null {
  return notes.length === 0
    ? null
    : html`<aside aria-label="Notes">${notes.map((note) => html`<p class="note">${note}</p>`)}</aside>`;
}
