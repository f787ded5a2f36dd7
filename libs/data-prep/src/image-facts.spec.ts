import { describe, expect, it } from 'vitest';
import { describeFault, IMAGE_NOTES, LOOKS, packLook, unpackLook, type ImageFault } from './image-facts.js';
import { IMAGE_TYPES } from './image-type.js';

const FAULTS: (ImageFault | undefined)[] = [
  undefined,
  'damaged',
  'no decoder',
  'too many bytes',
  'too many pixels',
  'too slow',
];

describe('packLook', () => {
  it('packs every look into a number of its own that unpackLook undoes', () => {
    const seen = new Set<number>();
    for (const type of [undefined, ...IMAGE_TYPES]) {
      for (const fault of FAULTS) {
        for (let bits = 0; bits < 2 ** IMAGE_NOTES.length; bits += 1) {
          const look = { type, fault, notes: IMAGE_NOTES.filter((_, i) => ((bits >> i) & 1) === 1) };
          const packed = packLook(look);
          expect(packed).toBeLessThan(LOOKS);
          expect(unpackLook(packed)).toEqual(look);
          seen.add(packed);
        }
      }
    }
    expect(seen.size).toBe(7 * FAULTS.length * 16);
  });

  it('takes a look at the first bytes for one without fault and notes', () => {
    expect(unpackLook(packLook({ type: 'png' }))).toEqual({ type: 'png', fault: undefined, notes: [] });
  });
});

describe('describeFault', () => {
  it.each([
    ['damaged', 'IMAGE_CORRUPT', 'cannot be decoded: it is cut short or damaged'],
    ['too many pixels', 'IMAGE_TOO_LARGE', 'has more than 178956970 pixels'],
    ['too many bytes', 'IMAGE_TOO_LARGE', 'has more than 67108864 bytes'],
    ['too slow', 'IMAGE_TOO_LARGE', 'takes more than 60000 ms to decode'],
  ] as const)('%s is %s', (fault, code, what) => {
    expect(describeFault(fault)).toEqual({ code, what });
  });
});
