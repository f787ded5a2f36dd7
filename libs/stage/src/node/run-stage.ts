import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  differences,
  parseReceipt,
  receiptKey,
  receiptText,
  sealReceipt,
  type Json,
  type Receipt,
  type StageInputs,
} from '../receipt.js';
import { resolveInside } from '../resolve-inside.js';
import { writeFileAtomic } from './atomic-file.js';
import { ContentStore, filesBelow } from './content-store.js';
import type { Fingerprints } from './fingerprint.js';
import { toIoError } from './io-error.js';
import { withLock } from './lock.js';
import { pathExists } from './path-exists.js';

export interface StageRun extends StageInputs {
  /** The folder that holds `.flexattn/` (store, receipts, memo) and `runs/`. */
  workspace: string;
  /** The run's name: the artifacts appear in `runs/<run>/<stage>/`. */
  run: string;
  /** Hashes known so far; what is learnt is kept at the end. */
  fingerprints: Fingerprints;
  /** Does the work: writes files below `folder`, gives back a summary. */
  produce: (folder: string) => Promise<Json>;
  /** Told what happens and why, a line each. */
  say?: ((line: string) => void) | undefined;
}

export interface StageResult {
  receipt: Receipt;
  /** Where the artifacts are. */
  folder: string;
  /** `kept`: all was there; `restored`: linked out of the store again; `produced`: the work was done. */
  outcome: 'kept' | 'restored' | 'produced';
}

const RECEIPT = 'receipt.json';

/**
 * Runs a stage unless its result for the same inputs is at hand, and every file of it intact.
 * Artifacts go into the content store and are linked out; `receipt.json` is written last. One process at a time
 * works on a stage of a run (`LOCKED`, exit 75).
 */
export async function runStage(options: StageRun): Promise<StageResult> {
  const runFolder = resolveInside(join(options.workspace, 'runs'), options.run);
  return withLock(resolveInside(runFolder, `.${options.stage}.lock`), async () => {
    const folder = resolveInside(runFolder, options.stage);
    try {
      return await new Attempt(options, folder).result();
    } catch (cause) {
      throw cause instanceof Error && 'errno' in cause ? toIoError(cause, folder) : cause;
    } finally {
      await options.fingerprints.save();
    }
  });
}

/** Reads a receipt; undefined where there is none or its text is not one: torn, edited, of another shape. */
export async function readReceipt(file: string): Promise<Receipt | undefined> {
  try {
    return parseReceipt(await readFile(file, 'utf8'));
  } catch (cause) {
    const error = toIoError(cause, file);
    if (error.code === 'FILE_MISSING') return undefined;
    throw error;
  }
}

/** True where the stage's folder has a receipt and every file that it lists is there, of its size and hash. */
export async function isIntact(folder: string, fingerprints: Fingerprints): Promise<boolean> {
  const receipt = await readReceipt(join(folder, RECEIPT));
  if (receipt === undefined) return false;
  for (const file of receipt.files) {
    if (!(await fingerprints.matches(resolveInside(folder, file.path), file))) return false;
  }
  return true;
}

/**
 * SHA-256 of the names and hashes of the artifacts in a stage's folder, by its receipt and without it: who made them,
 * and from what, changes nothing for those who read them. Undefined where there is no receipt, or a file that it does
 * not list. Ask `isIntact` first.
 */
export async function artifactsHash(folder: string): Promise<string | undefined> {
  const receipt = await readReceipt(join(folder, RECEIPT));
  if (receipt === undefined) return undefined;
  const listed = new Set([RECEIPT, ...receipt.files.map(({ path }) => path)]);
  if ((await filesBelow(folder)).some((path) => !listed.has(path))) return undefined;
  const hash = createHash('sha256');
  for (const { path, sha256 } of receipt.files) hash.update(`${path}\0${sha256}\n`);
  return hash.digest('hex');
}

/** One call of `runStage`, under its lock. */
class Attempt {
  private readonly key: string;
  private readonly kept: string;
  private readonly staging: string;
  private readonly store: ContentStore;

  constructor(
    private readonly options: StageRun,
    private readonly folder: string,
  ) {
    const state = join(options.workspace, '.flexattn');
    this.key = receiptKey(options);
    this.kept = join(state, 'receipts', `${this.key}.json`);
    this.staging = `${folder}.staging`; // beside the result: relative paths out of it stay true there
    this.store = new ContentStore(join(state, 'store'), options.fingerprints);
  }

  async result(): Promise<StageResult> {
    await this.clear();
    const shown = await this.shownReceipt();
    const known = await this.knownReceipt();
    if (known !== undefined && shown?.sha256 === known.sha256) {
      if (await isIntact(this.folder, this.options.fingerprints)) {
        this.say('up to date');
        return { receipt: known, folder: this.folder, outcome: 'kept' };
      }
      this.say(`a file in ${this.folder} is missing or damaged`);
    } else if (shown !== undefined && shown.key !== this.key) {
      this.say(`${differences(shown, this.options).join(', ')} changed`);
    }
    if (known !== undefined && (await this.storeHolds(known))) {
      await this.publish(known);
      this.say('restored from the store');
      return { receipt: known, folder: this.folder, outcome: 'restored' };
    }
    return { receipt: await this.produce(), folder: this.folder, outcome: 'produced' };
  }

  private say(line: string): void {
    this.options.say?.(`${this.options.stage}: ${line}`);
  }

  /** Removes what a process that was killed may have left. */
  private async clear(): Promise<void> {
    for (const folder of [this.staging, `${this.folder}.new`, `${this.folder}.old`]) {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async shownReceipt(): Promise<Receipt | undefined> {
    const file = join(this.folder, RECEIPT);
    const receipt = await readReceipt(file);
    if (receipt === undefined && (await pathExists(file)))
      this.say(`${file} is damaged or was edited; it is not used`);
    return receipt;
  }

  private async knownReceipt(): Promise<Receipt | undefined> {
    const known = await readReceipt(this.kept);
    if (known === undefined && (await pathExists(this.kept)))
      this.say(`${this.kept} is damaged or was edited; it is not used`);
    return known?.key === this.key ? known : undefined;
  }

  private async storeHolds(receipt: Receipt): Promise<boolean> {
    for (const file of receipt.files) {
      if (await this.store.holds(file)) continue;
      this.say(`${file.path} is missing or damaged in the store; running again`);
      return false;
    }
    return true;
  }

  private async produce(): Promise<Receipt> {
    const { stage, inputs, parameters, tools } = this.options;
    try {
      await mkdir(this.staging, { recursive: true });
      const summary = await this.options.produce(this.staging);
      const files = await this.store.take(this.staging);
      if (files.some(({ path }) => path === RECEIPT))
        throw new Error(`${stage} wrote a ${RECEIPT} of its own`);
      const receipt = sealReceipt({ stage, inputs, parameters, tools, files, summary });
      await writeFileAtomic(this.kept, receiptText(receipt));
      await this.publish(receipt);
      return receipt;
    } finally {
      await this.clear();
    }
  }

  /** Replaces the run's folder by links into the store; the receipt comes last. */
  private async publish(receipt: Receipt): Promise<void> {
    const fresh = `${this.folder}.new`;
    await this.store.place(receipt.files, fresh);
    await writeFileAtomic(join(fresh, RECEIPT), receiptText(receipt));
    try {
      await rename(this.folder, `${this.folder}.old`);
    } catch (cause) {
      const error = toIoError(cause, this.folder);
      if (error.code !== 'FILE_MISSING') throw error;
    }
    await rename(fresh, this.folder);
    for (const { path, sha256 } of receipt.files) {
      this.options.fingerprints.remember(resolveInside(this.folder, path), sha256);
    }
    await this.clear();
  }
}
