import { describe, expect, it } from 'vitest';
import { scriptsOf } from './name-scripts.js';

describe('scriptsOf', () => {
  it.each([
    ['coco/train2017/000000000009.jpg', ['Latin']],
    ['000000000009.jpg', ['no letters']],
    ['12/34_5-6.png', ['no letters']],
    ['größe/ß.png', ['Latin']],
    ['ελλάδα.png', ['Greek']],
    ['Москва/1.jpg', ['Cyrillic']],
    ['图片/猫.jpg', ['Han']],
    ['猫のカメラ.jpg', ['Hiragana', 'Katakana', 'Han']],
    ['고양이.png', ['Hangul']],
    ['صورة.png', ['Arabic']],
    ['चित्र.png', ['Devanagari']],
    ['cat-猫.png', ['Latin', 'Han']],
    ['ᚠᚢᚦ.png', ['other letters']],
    ['😀.png', ['no letters']],
    ['a.b/1', ['Latin']],
    ['', ['no letters']],
  ])('%j is written in %j', (name, scripts) => {
    expect(scriptsOf(name)).toEqual(scripts);
  });
});
