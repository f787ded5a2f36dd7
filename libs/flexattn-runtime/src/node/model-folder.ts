import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { openCheckpoint } from '@flexattn/model-prep';
import type { Checkpoint } from '@flexattn/model-prep';
import { readJsonAs, resolveInside, sha256File, toIoError } from '@flexattn/stage';
import { RuntimeError } from '../error.js';
import { geometryOf } from '../geometry.js';
import type { Geometry, Selection } from '../geometry.js';
import { buildModelGraphs } from '../graphs/model-graphs.js';
import type { GraphName, ModelGraphs } from '../graphs/model-graphs.js';
import { graphFile, MANIFEST_FILE, manifestSchema } from '../manifest.js';
import type { Manifest } from '../manifest.js';
import { exists } from './load-tokenizer.js';

/** A folder that a model can be run from. */
export interface ModelFolder {
  /** Absolute. */
  dir: string;
  geometry: Geometry;
  graphs: ModelGraphs;
}

/**
 * Opens a compiled folder (every file checked against the manifest first) or a checkpoint (graphs built in memory).
 *
 * @param selection - default: what the folder was compiled for, or `attention` where a checkpoint has high-res weights
 * @throws RuntimeError MODEL_DAMAGED naming the file; UNSUPPORTED_CONFIG; ModelPrepError for a broken checkpoint
 */
export async function openModelFolder(dir: string, selection?: Selection): Promise<ModelFolder> {
  if (await exists(join(dir, MANIFEST_FILE))) return openCompiled(dir, selection);
  const checkpoint = await openCheckpoint(dir);
  await requireOwnFiles(checkpoint);
  const geometry = geometryOf(
    checkpoint.config,
    { selection: selection ?? defaultSelection(checkpoint) },
    join(dir, 'config.json'),
  );
  return { dir: resolve(dir), geometry, graphs: buildModelGraphs(geometry, checkpoint.tensors) };
}

/** `attention` where the checkpoint has high-res projections. */
export function defaultSelection({ tensors }: Checkpoint): Selection {
  return [...tensors.keys()].some((name) => name.endsWith('.k_proj_hd.weight')) ? 'attention' : 'none';
}

async function openCompiled(dir: string, selection: Selection | undefined): Promise<ModelFolder> {
  const manifest = await readJsonAs(join(dir, MANIFEST_FILE), manifestSchema);
  if (selection !== undefined && selection !== manifest.selection) {
    const what = `expected a model compiled with selection "${selection}", got "${manifest.selection}"`;
    throw new RuntimeError('UNSUPPORTED_CONFIG', what, { file: dir, hint: 'compile it with that selection' });
  }
  await verifyFiles(dir, manifest);
  const { config } = await openCheckpoint(dir);
  const geometry = geometryOf(config, { selection: manifest.selection }, join(dir, 'config.json'));
  const graphs: ModelGraphs = {};
  for (const name of ['vision', 'embed', 'decoder'] satisfies GraphName[]) {
    if (graphFile(name) in manifest.files) graphs[name] = await readFile(join(dir, graphFile(name)));
  }
  return { dir: resolve(dir), geometry, graphs };
}

/** ONNX Runtime loads most single-bit damages without complaint, so the bytes are checked before it sees them. */
async function verifyFiles(dir: string, manifest: Manifest): Promise<void> {
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = resolveInside(dir, name);
    const damaged = (what: string) =>
      new RuntimeError('MODEL_DAMAGED', what, { file, hint: 'compile the model again' });
    const found = await stat(file).catch((cause: unknown) => {
      throw toIoError(cause, file);
    });
    if (found.size !== expected.size) throw damaged(`expected ${expected.size} bytes, got ${found.size}`);
    const sha256 = await sha256File(file);
    if (sha256 !== expected.sha256) throw damaged(`expected sha256 ${expected.sha256}, got ${sha256}`);
  }
}

/** ONNX Runtime refuses weights outside the model's folder, symbolic links to them included. */
async function requireOwnFiles({ dir, files }: Checkpoint): Promise<void> {
  const root = await realpath(dir);
  for (const file of files) {
    const place = await realpath(isAbsolute(file) ? file : join(dir, file));
    if (place.startsWith(root + sep)) continue;
    const what = 'expected the weights inside the model folder, got a file or link that leads elsewhere';
    throw new RuntimeError('UNSUPPORTED_CONFIG', what, {
      file: join(dir, file),
      hint: 'compile the model: that links them',
    });
  }
}
