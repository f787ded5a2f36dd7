import { IMAGE_TYPES, type ImageType } from './image-type.js';
import { MAX_DECODE_MS, MAX_IMAGE_BYTES, MAX_PIXELS } from './limits.js';

/** What decoding can find that is no fault: it is reported, and nothing is altered. */
export type ImageNote = (typeof IMAGE_NOTES)[number];

/**
 * `animated`: several frames or pages, of which the first is used; `cmyk`: colours of print; `16 bits`: that many or
 * more a channel; `exif orientation`: a tag asks for turning it, which neither trainer nor runtime does.
 */
export const IMAGE_NOTES = ['animated', 'cmyk', '16 bits', 'exif orientation'] as const;

/** Why a picture cannot be decoded, within the limits. */
export type ImageFault = keyof typeof FAULTS;

/** The drop code of each fault, and its text for a person. */
const FAULTS = {
  damaged: ['IMAGE_CORRUPT', 'cannot be decoded: it is cut short or damaged'],
  'no decoder': ['IMAGE_CORRUPT', 'is of a kind that has no decoder here: convert it to png'],
  'too many bytes': ['IMAGE_TOO_LARGE', `has more than ${MAX_IMAGE_BYTES} bytes`],
  'too many pixels': ['IMAGE_TOO_LARGE', `has more than ${MAX_PIXELS} pixels`],
  'too slow': ['IMAGE_TOO_LARGE', `takes more than ${MAX_DECODE_MS} ms to decode`],
} as const;
const FAULT_NAMES = Object.keys(FAULTS) as ImageFault[];

/** What is known of a picture file that was looked at. */
export interface ImageFacts {
  /** Bytes. */
  size: number;
  /** Undefined where its first bytes are those of no known type. */
  type: ImageType | undefined;
  /** From decoding: undefined where it is whole, or was not decoded. */
  fault?: ImageFault | undefined;
  /** From decoding. */
  notes?: readonly ImageNote[] | undefined;
}

/** The drop code and text for a fault. */
export function describeFault(fault: ImageFault): {
  code: 'IMAGE_CORRUPT' | 'IMAGE_TOO_LARGE';
  what: string;
} {
  const [code, what] = FAULTS[fault];
  return { code, what };
}

/** Values of `packLook`: three bits for the type, three for the fault, four for the notes. */
export const LOOKS = 2 ** 10;

/** All but the size in one number below `LOOKS`, so that a picture that was looked at costs no memory of its own. */
export function packLook({ type, fault, notes = [] }: Omit<ImageFacts, 'size'>): number {
  const typeBits = type === undefined ? IMAGE_TYPES.length : IMAGE_TYPES.indexOf(type);
  const faultBits = fault === undefined ? FAULT_NAMES.length : FAULT_NAMES.indexOf(fault);
  const noteBits = notes.reduce((bits, note) => bits | (1 << IMAGE_NOTES.indexOf(note)), 0);
  return typeBits | (faultBits << 3) | (noteBits << 6);
}

/** What `packLook` packed; each value is unpacked once. */
export function unpackLook(look: number): UnpackedLook {
  return (unpacked[look] ??= {
    type: IMAGE_TYPES[look & 7],
    fault: FAULT_NAMES[(look >> 3) & 7],
    notes: IMAGE_NOTES.filter((_, i) => ((look >> (6 + i)) & 1) === 1),
  });
}

/** What is known of a picture but its size. */
interface UnpackedLook extends Omit<ImageFacts, 'size'> {
  notes: readonly ImageNote[];
}

const unpacked: (UnpackedLook | undefined)[] = [];
