import { join, resolve } from 'node:path';

/** `npm run bench` runs from the root of the workspace. */
const PHOTOS = resolve('libs/flexattn-runtime/golden/photos');
/** One to warm up with, one to ask about, one to choose options for. */
export const PICTURES = ['chelsea.jpg', 'rocket.jpg', 'coffee.png'].map((name) => join(PHOTOS, name));

/** `count` whole numbers from `begin` on. */
export const range = (begin: number, count: number) => Array.from({ length: count }, (_, i) => begin + i);

/** A system text of 35 tokens, the picture, a question of 30. */
export const QUESTION = [1, ...range(100, 34), -200, ...range(300, 30)];
export const SECOND_QUESTION = [1, ...range(100, 34), -200, ...range(500, 30)];
export const OPTIONS = [range(700, 3), range(710, 5), range(720, 2), range(730, 4)];
