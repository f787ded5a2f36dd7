import { describeFault, LOOKS, unpackLook, type ImageFault, type ImageNote } from './image-facts.js';
import { IMAGE_TYPES, type ImageType } from './image-type.js';
import { quote } from './quote.js';

/** An image that may be used under the name `found`, or what is wrong with it. */
export type ImageFinding = FoundImage | ImageProblem;

/** An image that may be used. */
export interface FoundImage {
  /** The name that was asked for, or the same stem with the extension of a file that is there. */
  found: string;
  /** Bytes, from level `header` on. */
  size?: number;
  /** What its first bytes say, from level `header` on. */
  type?: ImageType;
  /** What is unusual about it, at level `decode`; absent where nothing is. */
  notes?: readonly ImageNote[];
}

/** Why an image cannot be used: the drop code of the samples that name it. */
export interface ImageProblem {
  problem:
    | 'PATH_ESCAPE'
    | 'IMAGE_MISSING'
    | 'IMAGE_UNREADABLE'
    | 'IMAGE_EMPTY'
    | 'IMAGE_UNKNOWN'
    | 'IMAGE_CORRUPT'
    | 'IMAGE_TOO_LARGE';
  /** One line for a person. */
  detail: string;
}

/** What is found under `name`, of the number that is kept for a file that was looked at: size * `LOOKS` + the rest. */
export function fromState(name: string, state: number): ImageFinding {
  const size = Math.floor(state / LOOKS);
  const { type, fault, notes } = unpackLook(state % LOOKS);
  if (size === 0) return problem('IMAGE_EMPTY', name, 'has 0 bytes');
  if (type === undefined)
    return problem('IMAGE_UNKNOWN', name, `does not begin like one of ${IMAGE_TYPES.join(', ')}`);
  if (fault !== undefined) return faulty(name, fault);
  return { found: name, size, type, ...(notes.length === 0 ? {} : { notes }) };
}

/** Whether `fromState` finds no problem. */
export function isUsable(state: number): boolean {
  const { type, fault } = unpackLook(state % LOOKS);
  return state >= LOOKS && type !== undefined && fault === undefined;
}

/** The problem of a picture with this fault. */
export function faulty(name: string, fault: ImageFault): ImageProblem {
  const { code, what } = describeFault(fault);
  return problem(code, name, what);
}

/** The problem of a name that leads out of the image root. */
export function escape(name: string, what: string): ImageProblem {
  return problem('PATH_ESCAPE', name, what);
}

/** The problem of a file that may not be read. */
export function unreadable(name: string): ImageProblem {
  return problem('IMAGE_UNREADABLE', name, 'may not be read: check its owner and mode');
}

/** Any other problem; `what` goes on after the name. */
export function problem(code: ImageProblem['problem'], name: string, what: string): ImageProblem {
  return { problem: code, detail: `image: ${quote(name)} ${what}` };
}
