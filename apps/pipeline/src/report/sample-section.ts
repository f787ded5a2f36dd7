import type { PictureSize } from '@flexattn/flexattn-runtime';
import { isRight } from './choose-samples.js';
import { html, type Html } from './html.js';
import { markerKey } from './markers.js';
import { coordinate } from './numbers.js';
import { targetCounts } from './question.js';
import { chosenRegions, type ChosenRegion, type LayerChoice } from './regions.js';

/** A picture as the page holds it; width and height are those that the model saw, before padding. */
export interface InlinePicture extends PictureSize {
  /** `data:image/...;base64,...` */
  href: string;
}

/** What one model made of a sample. */
export interface SampleAnswer {
  model: string;
  /** Of the model in the run. */
  position: number;
  /** The text, or the option of the lowest loss; null where nothing could be read from the losses. */
  text: string | null;
  /** 0 to 1. */
  score: number;
  /** One loss an option; null where the model answered freely. */
  losses: readonly number[] | null;
}

/** Regions that a model chose to see in high resolution when it began its answer, by layer. */
export interface SampleRegions {
  model: string;
  /** Regions a side. */
  grid: number;
  /** High-res tokens a side. */
  hd: number;
  choices: readonly LayerChoice[];
}

/** One benchmark item, as the page shows it. */
export interface Sample {
  id: string;
  /** Of its task, for people. */
  title: string;
  question: string;
  options: readonly string[];
  targets: readonly string[];
  picture: InlinePicture;
  /** Whether the models saw the picture stretched to a square, not padded. */
  stretched: boolean;
  answers: readonly SampleAnswer[];
  /** Null where no model of the run chooses regions. */
  regions: SampleRegions | null;
}

/** Opacity of a region that a single layer of many chose, and of one that all chose: the picture stays visible. */
const OPACITY = { one: 0.12, all: 0.4 };

/** Pictures with what was asked, answered and chosen to be seen in high resolution. */
export function sampleSection(samples: readonly Sample[], judged: string): Html {
  const intro =
    samples.length === 0
      ? 'No item was answered by every model.'
      : `Chosen by a seed, spread over the benchmarks, right and wrong answers of ${judged} in turn as far as there are any: their shares here are not the scores.`;
  const drawn = samples.find(({ regions }) => regions !== null)?.regions;
  return html`<section id="samples" aria-labelledby="samples-title">
    <h2 id="samples-title">Samples</h2>
    <p>${intro}</p>
    ${
      drawn &&
      html`<p>
          Pink: what ${drawn.model} chose to see in high resolution when it began its answer; the stronger,
          the more layers chose it.
        </p>
        <p class="controls">
          <label><input type="checkbox" id="show-regions" checked /> Show the chosen regions</label>
        </p>`
    }
    <div class="samples">${samples.map(sampleCard)}</div>
  </section>`;
}

function sampleCard(sample: Sample, index: number): Html {
  const { id, title, question, options, targets, answers } = sample;
  const heading = `sample-${index + 1}`;
  return html`<article aria-labelledby="${heading}">
    <h3 id="${heading}">${title} <code>${id}</code></h3>
    ${picture(sample)} ${questionText(question)}
    ${options.length > 0 && html`<p class="options">Options: ${options.map((option, i) => html`${i > 0 && ', '}<span class="data">${option}</span>`)}</p>`}
    <p class="targets">
      Expected:
      ${targetCounts(targets).map(({ target, count }, i) => html`${i > 0 && ', '}<b class="data">${target}</b>${count > 1 && ` × ${count}`}`)}
    </p>
    <table class="answers">
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">Answer</th>
          <th scope="col">Result</th>
        </tr>
      </thead>
      <tbody>
        ${answers.map((answer) => answerRow(answer))}
      </tbody>
    </table>
  </article> `;
}

/** The first line is the question, what follows are options or how to answer. */
function questionText(question: string): Html {
  const [first, ...rest] = question.split('\n');
  const instruction = rest.length > 0 && html`<span class="instruction data">${rest.join('\n')}</span>`;
  return html`<p class="question"><span class="data">${first}</span>${instruction}</p>`;
}

function answerRow({ model, position, text, score, losses }: SampleAnswer): Html {
  const right = isRight(score);
  const graded = score > 0 && score < 1 && html` (${coordinate(score)})`;
  return html`<tr>
    <th scope="row">${markerKey(position)}${model}</th>
    <td>
      ${text === null ? html`<i>no choice</i>` : html`<span class="data">${text}</span>`}${losses && html`<span class="losses">loss ${losses.map((loss) => loss.toFixed(2)).join(', ')}</span>`}
    </td>
    <td class="${right ? 'right' : 'wrong'}">
      <span aria-hidden="true">${right ? '✓' : '✗'}</span> ${right ? 'right' : 'wrong'}${graded}
    </td>
  </tr>`;
}

function picture({ id, picture: { href, width, height }, stretched, regions }: Sample): Html {
  const chosen =
    regions === null ? [] : chosenRegions(regions.choices, regions.hd, { width, height }, stretched);
  const layers = regions?.choices.map(({ layer }) => layer) ?? [];
  const label = `Picture of ${id}${regions === null ? '' : `; ${regionsInWords(regions)}`}`;
  return html`<figure class="picture">
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}" data-layers="${layers.join(' ')}">
      <image href="${href}" width="${width}" height="${height}" />
      <g class="regions">${chosen.map((region) => regionMark(region, layers.length))}</g>
    </svg>
    ${regions && html`<figcaption>${layers.length > 1 && layerSlider(layers.length)}${capitalised(regionsInWords(regions))}</figcaption>`}
  </figure>`;
}

/** Works by script only, so it is hidden until the script shows it. */
function layerSlider(layers: number): Html {
  return html`<label class="layers" hidden
    >Show <input type="range" min="0" max="${layers}" value="0" step="1" aria-valuetext="all layers" />
    <output>all layers</output></label
  >`;
}

function regionMark({ box: { x, y, width, height }, layers }: ChosenRegion, selecting: number): Html {
  const share = selecting > 1 ? (layers.length - 1) / (selecting - 1) : 1;
  const opacity = coordinate(OPACITY.one + share * (OPACITY.all - OPACITY.one));
  return html`<rect
    x="${coordinate(x)}"
    y="${coordinate(y)}"
    width="${coordinate(width)}"
    height="${coordinate(height)}"
    fill-opacity="${opacity}"
    data-layers="${layers.join(' ')}"
  />`;
}

/** "of 81 regions layer 1 chose 30, layer 2 chose 12". */
function regionsInWords({ grid, choices }: SampleRegions): string {
  const counts = choices.map(({ layer, rows }) => `layer ${layer} chose ${rows.length}`);
  return `of ${grid * grid} regions ${counts.join(', ')}`;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
