import { canary } from './canary.js';
import { damage } from './damage.js';
import { environments } from './environments.js';
import { faults } from './faults.js';
import { fullDisk } from './full-disk.js';
import { killedAnywhere } from './killed-anywhere.js';
import { load } from './load.js';
import { parentDies } from './parent-dies.js';
import type { Proof } from './proof.js';
import { severalAtOnce } from './several-at-once.js';
import { soak } from './soak.js';

/** Every promise, in the order of the table; each proof stands in a file of its name. */
export const PROOFS: readonly Proof[] = [
  killedAnywhere,
  parentDies,
  severalAtOnce,
  faults,
  fullDisk,
  damage,
  environments,
  load,
  soak,
  canary,
];
