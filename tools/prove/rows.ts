import type { Proof } from './proof.js';

/** Every promise, in the order of the table; each proof stands in a file of its name. */
export const PROOFS: readonly Proof[] = [];
