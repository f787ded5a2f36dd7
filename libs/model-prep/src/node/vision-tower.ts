import { isAbsolute, join } from 'node:path';
import { readJsonAs, resolveInside } from '@flexattn/stage';
import { z } from 'zod';
import { ModelPrepError } from '../errors.js';
import { VISION_PREFIX } from '../expected-tensors.js';
import { parseVisionConfig } from '../llava-config.js';
import type { LlavaConfig, VisionConfig } from '../llava-config.js';
import type { TensorInfo } from '../tensor-info.js';
import { entryKind } from './weight-file.js';
import { openWeights } from './weight-folder.js';

/** What the vision tower's own folder adds to a checkpoint. */
export interface VisionTower {
  /** Absent where `mm_vision_tower` is no folder of this machine. */
  vision?: VisionConfig;
  files: string[];
  /** Under their names in a checkpoint; empty where the checkpoint's own weights hold them. */
  tensors: ReadonlyMap<string, TensorInfo>;
}

/**
 * Reads the vision tower that config.json names (`own`: the checkpoint's tensors): a folder in the checkpoint or an absolute path. Anything else is a
 * hub id and adds nothing. Where both hold CLIP weights, the checkpoint's own count: they may be fine-tuned.
 *
 * @throws ModelPrepError CONFIG_MISSING or BAD_CONFIG; PATH_ESCAPE for a relative path that leaves the checkpoint
 */
export async function openVisionTower(
  dir: string,
  config: LlavaConfig,
  own: ReadonlyMap<string, TensorInfo>,
): Promise<VisionTower> {
  const { mm_vision_tower: name, extra } = config;
  const folder = isAbsolute(name) ? name : resolveInside(dir, name);
  if ((await entryKind(folder)) !== 'folder') return { files: [], tensors: new Map() };
  const file = join(folder, 'config.json');
  if ((await entryKind(file)) === 'none') {
    const what = 'expected the config.json of the vision tower in this folder, got none';
    throw new ModelPrepError('CONFIG_MISSING', what, {
      file: folder,
      hint: 'the vision tower is incomplete',
    });
  }
  const vision = parseVisionConfig(await readJsonAs(file, z.unknown()), file);
  if (extra && extra.lowresSize !== vision.image_size) {
    const what = `expected ${vision.image_size} (image_size of the vision tower), got ${extra.lowresSize}`;
    throw new ModelPrepError('BAD_CONFIG', what, {
      file: join(dir, 'config.json'),
      item: 'extra.lowres_size',
    });
  }
  const inCheckpoint = [...own.keys()].some((tensor) => tensor.startsWith(VISION_PREFIX));
  const apart = inCheckpoint ? undefined : await openWeights(folder);
  if (!apart) return { vision, files: [], tensors: new Map() };
  // TensorInfo.file: relative to the checkpoint, or absolute for a tower outside of it.
  const place = (shard: string): string =>
    isAbsolute(name) ? join(folder, shard) : `${trimSlash(name)}/${shard}`;
  const tensors = new Map<string, TensorInfo>();
  for (const info of apart.tensors.values()) {
    // A complete CLIP file also holds the text tower.
    if (!info.name.startsWith('vision_model.')) continue;
    const long = `${VISION_PREFIX}${info.name}`;
    tensors.set(long, { ...info, name: long, file: place(info.file) });
  }
  return { vision, files: apart.files.map(place), tensors };
}

const trimSlash = (name: string): string => name.replace(/^(\.\/)+|\/+$/g, '');
