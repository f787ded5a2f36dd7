import type { EvalResults } from '@flexattn/eval';
import { cleanSection, type CleanCounts } from './clean-section.js';
import { facts, type Cost } from './facts.js';
import { html } from './html.js';
import { htmlDocument, noteSection } from './html-document.js';
import type { LossCurve } from './loss-plot.js';
import type { LayerShares } from './region-share-plot.js';
import type { SizeGroup } from './size-plot.js';
import { sampleSection, type Samples } from './sample-section.js';
import { scoreSection } from './score-section.js';
import type { RunSetup } from './setup.js';
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
  const training = trainingSection(curves, layers);
  return htmlDocument({
    title: `FlexAttention run “${run}”`,
    nav: html`<a href="#scores">Scores</a>${training && html`<a href="#training">Training</a>`}<a
        href="#cleaning"
        >Training data</a
      ><a href="#samples">Samples</a>`,
    header: facts({ setup, clean, results, cost }),
    main: html`${scoreSection({ results, models: setup.models, chance, sizes })}
    ${noteSection([...notes, ...results.warnings])} ${training} ${cleanSection(clean)}
    ${sampleSection(samples)}`,
  });
}
