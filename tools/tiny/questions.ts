import type { Random } from './random.js';
import { COLOURS, DIRECTIONS, type Colour, type Plate, type Scene } from './scene.js';

/** What LLaVA-1.5's training data ends short questions with. */
export const SHORT_LINE = '\nAnswer the question using a single word or phrase.';

/** What LLaVA-1.5's training data ends multiple-choice questions with. */
export const LETTER_LINE = "\nAnswer with the option's letter from the given choices directly.";

/** The system text before every conversation (LLaVA v1). */
const SYSTEM_TEXT =
  "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions.";

/** The letters of a multiple-choice question. */
const LETTERS = ['A', 'B', 'C', 'D'] as const;

/** A question about a picture without its last line, and its answer in one word. */
export interface Question {
  readonly text: string;
  readonly answer: string;
}

const DIRECTION_PHRASINGS: readonly ((colour: Colour) => string)[] = [
  (colour) => `Which way do the stripes on the ${colour} plate run?`,
  (colour) => `What is the direction of the stripes on the ${colour} plate?`,
  (colour) => `How are the stripes of the ${colour} plate drawn?`,
];

/** Asks for the direction of one plate's stripes: the detail that is finer than the low-resolution grid. */
export function directionQuestion(random: Random, plate: Plate): Question {
  return { text: random.pick(DIRECTION_PHRASINGS)(plate.colour), answer: plate.direction };
}

/** Twice the middle of a box along one axis, so that it stays an integer. */
const middle = (start: number, size: number): number => 2 * start + size;

/** Least distance from the middle of the picture, in pixels, before a question asks on which side a plate lies. */
const CLEARLY = 28;

/** A question with two possible answers. */
export interface SideQuestion extends Question {
  readonly pair: readonly [string, string];
}

const leftOrRight = (colour: Colour): string =>
  `Is the ${colour} plate on the left or right side of the picture?`;
const aboveOrBelow = (colour: Colour): string =>
  `Is the ${colour} plate above or below the middle of the picture?`;

/** In which half of the picture a plate lies: one question, or none when it is too near the middle. */
export function sideQuestion(random: Random, scene: Scene, plate: Plate): SideQuestion[] {
  const { x, y, width, height, colour } = plate;
  const dx = middle(x, width) - scene.picture.width;
  const dy = middle(y, height) - scene.picture.height;
  const found: SideQuestion[] = [];
  if (Math.abs(dx) >= 2 * CLEARLY) {
    found.push({ text: leftOrRight(colour), pair: ['left', 'right'], answer: dx < 0 ? 'left' : 'right' });
  }
  if (Math.abs(dy) >= 2 * CLEARLY) {
    found.push({ text: aboveOrBelow(colour), pair: ['above', 'below'], answer: dy < 0 ? 'above' : 'below' });
  }
  return random.shuffle(found).slice(0, 1);
}

/** The four directions as options, always in this order, on lines of their own. */
const OPTION_LINES = DIRECTIONS.map((direction, i) => `\n${LETTERS[i] ?? ''}. ${direction}`).join('');

/** Asks for the direction of one plate's stripes with four options; the answer is a letter. */
export function letterQuestion(random: Random, plate: Plate): Question {
  const { text, answer } = directionQuestion(random, plate);
  return { text: text + OPTION_LINES, answer: LETTERS[DIRECTIONS.indexOf(plate.direction)] ?? answer };
}

const OPPOSITES: readonly (readonly [string, string])[] = [
  ['left', 'right'],
  ['right', 'left'],
  ['above', 'below'],
  ['below', 'above'],
  ['rising', 'falling'],
  ['falling', 'rising'],
  ['horizontal', 'vertical'],
  ['vertical', 'horizontal'],
];

/** A question that needs no picture. */
export function textQuestion(random: Random): Question {
  const [word, answer] = random.pick(OPPOSITES);
  const text = random.pick([`What is the opposite of ${word}?`, `Which word means the opposite of ${word}?`]);
  return { text, answer };
}

/** Every text that the tokenizer must know word by word: all phrasings of all questions and their answers. */
export function vocabularyTexts(): string[] {
  const questions = COLOURS.flatMap((colour) => DIRECTION_PHRASINGS.map((phrase) => phrase(colour)));
  const opposites = OPPOSITES.flatMap(([word, answer]) => [
    `What is the opposite of ${word}? ${answer}`,
    `Which word means the opposite of ${word}? ${answer}`,
  ]);
  return [
    ...questions.map((text) => text + SHORT_LINE),
    ...COLOURS.flatMap((colour) => [leftOrRight(colour), aboveOrBelow(colour)]),
    ...opposites,
    OPTION_LINES,
    `${SYSTEM_TEXT} USER: ${LETTER_LINE} ASSISTANT: ${LETTERS.join(' ')}`,
  ];
}
