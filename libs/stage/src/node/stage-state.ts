import { join } from 'node:path';
import { differences, receiptKey, type Receipt, type StageInputs } from '../receipt.js';
import type { Fingerprints } from './fingerprint.js';
import { isIntact, readReceipt } from './run-stage.js';

/** How a stage's folder stands to what the stage would read now. */
export interface StageState {
  /** `damaged`: a file that the receipt lists is not there, or has other bytes. */
  state: 'fresh' | 'stale' | 'damaged' | 'missing';
  /** What has changed since, such as `parameters.threshold`. */
  changed: string[];
  receipt?: Receipt;
}

/** Looks, and changes nothing. */
export async function stageState(
  folder: string,
  inputs: StageInputs,
  fingerprints: Fingerprints,
): Promise<StageState> {
  const receipt = await readReceipt(join(folder, 'receipt.json'));
  if (receipt === undefined) return { state: 'missing', changed: [] };
  const changed = receipt.key === receiptKey(inputs) ? [] : differences(receipt, inputs);
  if (!(await isIntact(folder, fingerprints))) return { state: 'damaged', changed, receipt };
  return { state: changed.length === 0 ? 'fresh' : 'stale', changed, receipt };
}
