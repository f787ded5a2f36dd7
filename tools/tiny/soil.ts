import type { Conversation, Sample } from '@flexattn/data-prep';
import type { Random } from './random.js';

import type { WorldFile } from './world-file.js';

/** A fault that data-prep repairs: what it makes of one sample. */
type Fault = (sample: Sample, random: Random) => Sample;

const TAG = '<image>';

/** Replaces the text of the turns that `pick` says. */
function rewrite(sample: Sample, text: (value: string, turn: Conversation, index: number) => string): Sample {
  const conversations = sample.conversations.map((turn, i) => ({
    ...turn,
    value: text(turn.value, turn, i),
  }));
  return { ...sample, conversations };
}

/** Rewrites the first question without its tag. */
const rewriteFirst = (sample: Sample, text: (question: string) => string): Sample =>
  rewrite(sample, (value, _, i) => (i === 0 ? text(value.replace(`${TAG}\n`, '')) : value));

const renameExtension = (sample: Sample, extension: string): Sample =>
  sample.image === undefined
    ? sample
    : { ...sample, image: sample.image.replace(/\.[^.]+$/, `.${extension}`) };

/** Every repairable fault with the number of samples that get it; each sample gets one at most. */
const FAULTS: readonly (readonly [count: number, fault: Fault])[] = [
  // The tag: at the end, in the middle, missing, twice, in every question, in a later one alone, in an answer, loose.
  [70, (sample) => rewriteFirst(sample, (question) => `${question}\n${TAG}`)],
  [20, (sample) => rewriteFirst(sample, (question) => question.replace(' the ', ` ${TAG} the `))],
  [40, (sample) => rewriteFirst(sample, (question) => question)],
  [20, (sample) => rewriteFirst(sample, (question) => `${TAG}\n${TAG}\n${question}`)],
  [15, (sample) => rewriteFirst(sample, (question) => `${TAG}\n${question}\n${TAG}`)],
  [
    30,
    (sample) =>
      rewrite(sample, (value, { from }, i) => (from === 'human' && i > 0 ? `${TAG}\n${value}` : value)),
  ],
  [
    20,
    (sample) =>
      rewrite(sample, (value, _, i) =>
        i === 0 ? value.replace(`${TAG}\n`, '') : i === 2 ? `${value}\n${TAG}` : value,
      ),
  ],
  [
    5,
    (sample) =>
      rewrite(sample, (value, { from }, i) => (from === 'gpt' && i === 1 ? `${value} ${TAG}` : value)),
  ],
  [10, (sample) => rewriteFirst(sample, (question) => `${TAG}${question}`)],
  [10, (sample) => rewriteFirst(sample, (question) => `${TAG}\n  ${question} \n`)],
  // The name: another extension than the file has, or another case.
  [90, (sample) => renameExtension(sample, sample.image?.endsWith('.png') ? 'jpg' : 'png')],
  [10, (sample) => renameExtension(sample, 'gif')],
  [10, (sample) => renameExtension(sample, 'PNG')],
  // Unusual, but right: nothing to repair.
  [10, (sample, random) => ({ ...sample, source: 'tiny', weight: random.between(1, 9) / 4 })],
  [20, (sample, random) => ({ ...sample, id: random.below(1_000_000) })],
];

/** Files whose name is not what their bytes are, or which lie there under a rarer name. */
function renameFiles(
  pictures: readonly WorldFile[],
  samples: readonly Sample[],
): { pictures: WorldFile[]; samples: Sample[] } {
  const names = new Map<string, { file: string; said: string }>();
  const pngs = pictures.filter(({ path }) => path.endsWith('.png'));
  const jpegs = pictures.filter(({ path }) => path.endsWith('.jpg'));
  const stem = (path: string): string => path.slice(0, path.lastIndexOf('.'));
  for (const { path } of jpegs.slice(0, 5))
    names.set(path, { file: `${stem(path)}.png`, said: `${stem(path)}.png` });
  for (const { path } of jpegs.slice(5, 10)) names.set(path, { file: `${stem(path)}.jpeg`, said: path });
  for (const { path } of pngs.slice(-5)) names.set(path, { file: `${stem(path)}.PNG`, said: path });
  return {
    pictures: pictures.map(({ path, bytes }) => ({ path: names.get(path)?.file ?? path, bytes })),
    samples: samples.map((sample) => {
      const said = sample.image === undefined ? undefined : names.get(sample.image)?.said;
      return said === undefined ? sample : { ...sample, image: said };
    }),
  };
}

/** Makes clean samples dirty in every way that cleaning repairs. */
export function soil(
  random: Random,
  clean: readonly Sample[],
  pictures: readonly WorldFile[],
): { samples: Sample[]; pictures: WorldFile[] } {
  const renamed = renameFiles(pictures, clean);
  const left = random.shuffle(renamed.samples.filter(({ image }) => image !== undefined));
  const out = renamed.samples.filter(({ image }) => image === undefined);
  for (const [count, fault] of FAULTS)
    out.push(...left.splice(0, count).map((sample) => fault(sample, random)));
  return { samples: [...out, ...left], pictures: renamed.pictures };
}
