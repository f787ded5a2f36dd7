import type { EvalResults } from '@flexattn/eval';
import type { CleanCounts } from './clean-section.js';
import { html, type Html } from './html.js';
import { durationText, grouped } from './numbers.js';
import type { ModelSetup, RunSetup } from './setup.js';
import { taskTitle } from './tasks.js';

/** What trainings took: what receipts tell, which hold no clock, and what was measured where they ran here. */
export interface Cost {
  models: Record<
    string,
    {
      epochs: number;
      parameters: number;
      trainedParameters: number;
      device: string;
      processes: number;
      measured?: { seconds: number; memoryMegabytes: number };
    }
  >;
  /** Of one pass over the data; null where they were not counted. */
  answerTokens: number | null;
  /** Tokens of the longest sample. */
  longest: number | null;
}

export interface Facts {
  setup: RunSetup;
  clean: CleanCounts;
  results: Pick<EvalResults, 'n-samples'>;
  cost: Cost | null;
}

/** What was trained on what, and asked what. */
export function facts({ setup, clean, results, cost }: Facts): Html {
  const { checkpoint, data, train, models } = setup;
  const frozen = train.freeze.length === 0 ? '' : `, frozen: ${train.freeze.join(', ')}`;
  const rows: [string, Html | string][] = [
    ['Checkpoint', html`<code>${checkpoint}</code>`],
    [
      'Data',
      html`${grouped(clean.kept)} samples kept of ${grouped(clean.samples)} in
        <code>${[data.annotations].flat().join(', ')}</code>`,
    ],
    [
      'Training',
      `${grouped(train.steps)} steps of ${grouped(train.batchSize)} samples, learning rate ${train.learningRate}${frozen}, seed ${train.seed}`,
    ],
    [
      'Models',
      html`${models.map((model, i) => html`${i > 0 && html`<br />`}<b>${model.name}</b>: ${describe(model, setup)}`)}`,
    ],
    ...costRows(cost),
    ['Asked', questionsAsked(results)],
  ];
  return html`<dl class="facts">
    ${rows.map(
      ([name, content]) =>
        html`<dt>${name}</dt>
          <dd>${content}</dd> `,
    )}
  </dl>`;
}

/** Trained parameters, passes, tokens, devices. */
function costRows(cost: Cost | null): [string, string][] {
  if (cost === null || Object.keys(cost.models).length === 0) return [];
  const models = Object.entries(cost.models).map(
    ([name, { epochs, parameters, trainedParameters, device, processes, measured }]) =>
      `${name}: ${measuredText(measured)}${grouped(trainedParameters)} of ${grouped(parameters)} parameters, ${epochs.toFixed(1)} passes over the data, ${grouped(processes)} × ${device}`,
  );
  const tokens =
    cost.answerTokens === null
      ? ''
      : `; ${grouped(cost.answerTokens)} answer tokens a pass, the longest sample ${grouped(cost.longest ?? 0)} tokens`;
  return [['Cost', `${models.join('; ')}${tokens}`]];
}

/** Of trainings that ran in this workspace, in one go. */
function measuredText(measured: { seconds: number; memoryMegabytes: number } | undefined): string {
  if (measured === undefined) return '';
  const { seconds, memoryMegabytes } = measured;
  return `${durationText(seconds)}, at most ${grouped(Math.round(memoryMegabytes))} MB of memory, `;
}

/** What each kind of model takes of the picture. */
const CHOICES: Record<Exclude<ModelSetup['selection'], 'none'>, string> = {
  attention: 'chooses regions',
  random: 'is given random regions',
  centre: "is given the picture's centre",
  all: 'is given every region',
};

/** A model's training and input in words. */
function describe({ trained, selection }: ModelSetup, { init: { extra } }: RunSetup): string {
  const training = trained ? 'fine-tuned' : 'as it came';
  const pixels = (size: string | undefined) => (size === undefined ? '' : ` (${size} px)`);
  return selection === 'none'
    ? `${training}, sees the picture in low resolution only${pixels(extra['lowres_size'])}`
    : `${training}, ${CHOICES[selection]} to see in high resolution as well${pixels(extra['highres_size'])}`;
}

function questionsAsked({ 'n-samples': counts }: Facts['results']): string {
  return Object.entries(counts)
    .map(([benchmark, { original, rejected }]) => {
      const asked = `${taskTitle({ benchmark, part: null })} (${grouped(original - rejected)} questions)`;
      return rejected === 0 ? asked : `${asked}, ${grouped(rejected)} could not be asked`;
    })
    .join(', ');
}
