import type { Conversation } from '@flexattn/data-prep';
import {
  LETTER_LINE,
  SHORT_LINE,
  directionQuestion,
  letterQuestion,
  sideQuestion,
  textQuestion,
  type Question,
} from './questions.js';
import type { Random } from './random.js';
import type { Scene } from './scene.js';

/** A question with its last line and its answer. */
interface Exchange {
  readonly question: string;
  readonly answer: string;
}

/** Share of direction questions that come with options, in percent. */
const WITH_OPTIONS = 35;

const short = ({ text, answer }: Question): Exchange => ({ question: text + SHORT_LINE, answer });
const withLetters = ({ text, answer }: Question): Exchange => ({ question: text + LETTER_LINE, answer });

/** Whose place in the picture a conversation may ask for: that of every plate, or of one picked at random. */
type Sides = 'every plate' | 'one plate';

/** Both plates' stripes, and where plates lie. */
function askAbout(random: Random, scene: Scene, sidesOf: Sides): Exchange[] {
  const directions = scene.plates.map((plate) =>
    random.chance(WITH_OPTIONS)
      ? withLetters(letterQuestion(random, plate))
      : short(directionQuestion(random, plate)),
  );
  const placed = sidesOf === 'every plate' ? scene.plates : [random.pick(scene.plates)];
  const sides = placed.flatMap((plate) => sideQuestion(random, scene, plate));
  return [...directions, ...sides.map(short)];
}

/** Turns of a conversation; the picture's tag leads the first question. */
function toTurns(exchanges: readonly Exchange[], tag: string): Conversation[] {
  return exchanges.flatMap(({ question, answer }, i) => [
    { from: 'human', value: (i === 0 ? tag : '') + question },
    { from: 'gpt', value: answer },
  ]);
}

/** A clean conversation about a scene, of one to `turns` turns (two to four questions can be asked). */
export function conversationAbout(
  random: Random,
  scene: Scene,
  turns: number,
  sidesOf: Sides = 'every plate',
): Conversation[] {
  return toTurns(random.shuffle(askAbout(random, scene, sidesOf)).slice(0, turns), '<image>\n');
}

/** A clean conversation of one turn: about a plate's stripes, or, in `sides` of 100 where it can be asked, about its side. */
export function questionAbout(random: Random, scene: Scene, sides: number): Conversation[] {
  const plate = random.pick(scene.plates);
  const [side] = random.chance(sides) ? sideQuestion(random, scene, plate) : [];
  return toTurns([short(side ?? directionQuestion(random, plate))], '<image>\n');
}

/** A clean conversation without a picture. */
export function conversationWithoutPicture(random: Random): Conversation[] {
  const { text, answer } = textQuestion(random);
  return toTurns([{ question: text + SHORT_LINE, answer }], '');
}
