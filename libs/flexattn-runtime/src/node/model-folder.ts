import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { openCheckpoint } from '@flexattn/model-prep';
import type { Checkpoint } from '@flexattn/model-prep';
import { Fingerprints, pathExists, resolveInside, sha256File, toIoError } from '@flexattn/stage';
import { RuntimeError } from '../error.js';
import { geometryOf } from '../geometry.js';
import type { ChosenSelection, Geometry, Selection, SelectionOptions } from '../geometry.js';
import { buildModelGraphs, GRAPH_SETS } from '../graphs/model-graphs.js';
import type { GraphSet, ModelGraphs, WeightBytes } from '../graphs/model-graphs.js';
import { graphFile, MANIFEST_FILE } from '../manifest.js';
import type { Manifest } from '../manifest.js';
import type { Precision } from '../quantise/precision.js';
import { readManifest } from './read-manifest.js';

/** A folder that a model can be run from. */
export interface ModelFolder {
  /** Absolute. */
  dir: string;
  geometry: Geometry;
  graphs: ModelGraphs;
  /** Of each of them, by name. */
  weightBytes: Readonly<Record<string, WeightBytes>>;
}

/** Which graphs of a folder are needed, and by what. */
export interface GraphOptions {
  /** Default: `steps`. */
  graphs?: GraphSet | undefined;
  /** The device multiplies no bfloat16. */
  lacksBfloat16?: boolean | undefined;
  /** For the set `device`: it computes with float16. */
  hasFloat16?: boolean | undefined;
}

/** How a model folder is opened. */
export interface FolderOptions extends SelectionOptions {
  /** Default: what the folder was compiled for; a checkpoint is `float`. */
  precision?: Precision | undefined;
  /** File that remembers which files were found intact, so that a large model is hashed once; default: hash always. */
  fingerprints?: string | undefined;
}

/**
 * Opens a compiled folder (every file checked against the manifest first) or a checkpoint (graphs built in memory).
 *
 * A compiled folder has its selection, with which `options` must agree where they name any of it.
 *
 * @throws RuntimeError MODEL_DAMAGED naming the file; UNSUPPORTED_CONFIG; ModelPrepError for a broken checkpoint
 */
export async function openModelFolder(
  dir: string,
  options: FolderOptions & GraphOptions = {},
): Promise<ModelFolder> {
  if (await pathExists(join(dir, MANIFEST_FILE))) return openCompiled(dir, options);
  const checkpoint = await openCheckpoint(dir);
  if (options.precision !== undefined && options.precision !== 'float') {
    const what = `expected a compiled model of precision "${options.precision}", got a checkpoint`;
    const hint = `compile it with --precision ${options.precision}`;
    throw new RuntimeError('UNSUPPORTED_CONFIG', what, { file: dir, hint });
  }
  await requireOwnFiles(checkpoint);
  const geometry = geometryOf(
    checkpoint.config,
    { ...options, selection: options.selection ?? defaultSelection(checkpoint) },
    join(dir, 'config.json'),
  );
  return { dir: resolve(dir), geometry, ...build(geometry, checkpoint, options) };
}

/** `attention` where the checkpoint has high-res projections. */
export function defaultSelection({ tensors }: Checkpoint): Selection {
  return [...tensors.keys()].some((name) => name.endsWith('.k_proj_hd.weight')) ? 'attention' : 'none';
}

function build(
  geometry: Geometry,
  { tensors }: Checkpoint,
  { graphs = 'steps', lacksBfloat16 = false, hasFloat16 = false }: GraphOptions,
): Pick<ModelFolder, 'graphs' | 'weightBytes'> {
  return buildModelGraphs(geometry, tensors, GRAPH_SETS[graphs], { lacksBfloat16, hasFloat16 });
}

async function openCompiled(dir: string, options: FolderOptions & GraphOptions): Promise<ModelFolder> {
  const manifest = await readManifest(dir);
  requireSame(dir, { ...manifest.selection, precision: manifest.precision }, options);
  await verifyFiles(dir, manifest, options.fingerprints);
  const geometry = { ...manifest.geometry, ...manifest.selection };
  const { lacksBfloat16 = false, hasFloat16 = false } = options;
  if ((lacksBfloat16 || hasFloat16) && manifest.precision === 'float') {
    const checkpoint = await openCheckpoint(dir);
    // The graphs in the folder multiply what the checkpoint stores, and those of a device 32-bit floats.
    const others = [...(lacksBfloat16 ? ['BF16'] : []), ...(hasFloat16 ? ['F16', 'BF16'] : [])];
    if ([...checkpoint.tensors.values()].some(({ dtype }) => others.includes(dtype)))
      return { dir: resolve(dir), geometry, ...build(geometry, checkpoint, options) };
  }
  const graphs: ModelGraphs = {};
  for (const name of GRAPH_SETS[options.graphs ?? 'steps'])
    graphs[name] = await readFile(join(dir, graphFile(name)));
  return { dir: resolve(dir), geometry, graphs, weightBytes: manifest.weightBytes };
}

/** What a folder was compiled for. */
type Compiled = ChosenSelection & { precision: Precision };

function requireSame(dir: string, compiled: Compiled, asked: FolderOptions): void {
  for (const [name, got] of Object.entries(compiled)) {
    const expected = asked[name as keyof Compiled];
    if (expected === undefined || expected === got) continue;
    const what = `expected a model compiled with ${name} ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;
    throw new RuntimeError('UNSUPPORTED_CONFIG', what, { file: dir, hint: `compile it with that ${name}` });
  }
}

/** ONNX Runtime loads most single-bit damages without complaint, so the bytes are checked before it sees them. */
async function verifyFiles(dir: string, manifest: Manifest, memo: string | undefined): Promise<void> {
  const fingerprints = memo === undefined ? undefined : await Fingerprints.open(memo);
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = resolveInside(dir, name);
    const damaged = (what: string) =>
      new RuntimeError('MODEL_DAMAGED', what, { file, hint: 'compile the model again' });
    const found = await stat(file).catch((cause: unknown) => {
      const error = toIoError(cause, file);
      throw error.code === 'FILE_MISSING' ? damaged('expected a file, and it is missing') : error;
    });
    if (found.size !== expected.size) throw damaged(`expected ${expected.size} bytes, got ${found.size}`);
    const sha256 = await (fingerprints?.of(file) ?? sha256File(file));
    if (sha256 !== expected.sha256) throw damaged(`expected sha256 ${expected.sha256}, got ${sha256}`);
  }
  await fingerprints?.save();
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
