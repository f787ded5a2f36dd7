import { createHash } from 'node:crypto';
import { isAbsolute, join, resolve } from 'node:path';
import { openCheckpoint } from '@flexattn/model-prep';
import { Fingerprints, pathExists, sha256File } from '@flexattn/stage';
import { chosenSelection, geometryOf } from '../geometry.js';
import type { ChosenSelection } from '../geometry.js';
import { MANIFEST_FILE } from '../manifest.js';
import type { Precision } from '../quantise/precision.js';
import { TOKENIZER_FILES } from './load-tokenizer.js';
import { defaultSelection } from './model-folder.js';
import type { FolderOptions } from './model-folder.js';
import { readManifest } from './read-manifest.js';

/** What a model's answers depend on, known without loading it. */
export interface ModelIdentity {
  /** Of every byte that the model is made of. */
  sha256: string;
  /** How it selects, all figures filled in. */
  settings: ChosenSelection & { precision: Precision };
}

/**
 * Names a compiled folder, whose manifest has the sha256 of every file, or a checkpoint, whose files are hashed: other
 * weights under the same config.json are another model.
 *
 * @throws as `openModelFolder`, but damaged files of a compiled folder are found only when it is opened
 */
export async function identifyModel(dir: string, options: FolderOptions): Promise<ModelIdentity> {
  const manifestFile = join(dir, MANIFEST_FILE);
  if (await pathExists(manifestFile)) {
    const { selection, precision } = await readManifest(dir);
    return { sha256: await sha256File(manifestFile), settings: { ...selection, precision } };
  }
  const checkpoint = await openCheckpoint(dir);
  const selection = options.selection ?? defaultSelection(checkpoint);
  const config = join(dir, 'config.json');
  const settings = chosenSelection(geometryOf(checkpoint.config, { ...options, selection }, config));
  const files = [
    ...checkpoint.files,
    ...[checkpoint.config.mm_vision_tower, '.'].map((folder) => join(folder, 'config.json')),
    ...TOKENIZER_FILES,
  ];
  return {
    sha256: await sha256OfFiles(dir, files, options.fingerprints),
    settings: { ...settings, precision: 'float' },
  };
}

/** Of the names and bytes of those files that are there. */
async function sha256OfFiles(
  dir: string,
  names: readonly string[],
  memo: string | undefined,
): Promise<string> {
  const fingerprints = memo === undefined ? undefined : await Fingerprints.open(memo);
  const hash = createHash('sha256');
  for (const name of names) {
    const file = resolve(dir, name);
    if (!(await pathExists(file))) continue;
    const sha256 = await (fingerprints?.of(file) ?? sha256File(file));
    // Where a tower of its own lies is no matter.
    hash.update(`${isAbsolute(name) ? '' : name}\0${sha256}\n`);
  }
  await fingerprints?.save();
  return hash.digest('hex');
}
