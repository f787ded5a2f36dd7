import { readFile, rm, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { openCheckpoint } from '@flexattn/model-prep';
import type { Checkpoint, TensorInfo } from '@flexattn/model-prep';
import {
  Fingerprints,
  linkOrCopy,
  parseJson,
  pathExists,
  sha256File,
  writeFileAtomic,
} from '@flexattn/stage';
import type { WrittenFile } from '@flexattn/stage';
import { z } from 'zod';
import { RuntimeError } from '../error.js';
import { checkpointGeometry, chosenSelection, geometryOf } from '../geometry.js';
import type { ChosenSelection, Geometry, Selection, SelectionOptions } from '../geometry.js';
import { ALL_GRAPHS, buildModelGraphs } from '../graphs/model-graphs.js';
import { graphFile, MANIFEST_FILE, MANIFEST_VERSION } from '../manifest.js';
import type { Manifest } from '../manifest.js';
import { layOutQuantised, withLanguageHead } from '../quantise/layout.js';
import type { QuantisedLayout } from '../quantise/layout.js';
import type { Precision, Quantisation } from '../quantise/precision.js';
import { TOKENIZER_FILES } from './load-tokenizer.js';
import { defaultSelection } from './model-folder.js';
import { quantisedBytes } from './quantise.js';
import type { QuantisedTensor } from './quantise.js';
import { stopIfAborted } from './stop.js';

export interface CompileOptions extends SelectionOptions {
  /** Folder of a LLaVA checkpoint. */
  checkpoint: string;
  /** Folder to fill; another than the checkpoint. */
  out: string;
  /** Store the weight matrices in 8 or 4 bits, in a file of their own; default: `float`, as they are. */
  precision?: Precision | undefined;
  /** Weights that share a scale where the precision is not `float`: 32 (default), or 128, smaller and less exact. */
  blockSize?: Quantisation['blockSize'] | undefined;
  /**
   * File that remembers which weight files were hashed before, or what was read of it: those are not read again, neither
   * here nor when the compiled folder is loaded with the same file.
   */
  fingerprints?: string | Fingerprints | undefined;
  signal?: AbortSignal | undefined;
  /** Build the graphs, write nothing. */
  dryRun?: boolean | undefined;
}

/** What compiling made. */
export interface CompileReport {
  selection: Selection;
  /** The selection with all its figures. */
  settings: ChosenSelection;
  precision: Precision;
  /** Bytes of each graph, by name. */
  graphs: Record<string, number>;
  /** Bytes of the weight files: the checkpoint's, which are linked, or in fewer bits the one that is written. */
  weightBytes: number;
  /** What each matrix lost to fewer bits, in the order of the checkpoint; empty for `float`, and where nothing is written. */
  quantised: QuantisedTensor[];
  /** Files of the folder, the manifest not counted. */
  files: number;
}

/** Where an absolute vision tower's files go inside the compiled folder. */
const TOWER_FOLDER = 'vision_tower';
const INDEX_FILE = 'model.safetensors.index.json';
/** Lists what each matrix lost to fewer bits. */
const QUANTISATION_FILE = 'quantisation.json';

/** What goes into the compiled folder: bytes to write, and weight files to link, by path inside it. */
interface Plan {
  checkpoint: Checkpoint;
  geometry: Geometry;
  precision: Precision;
  graphWeights: Manifest['weightBytes'];
  layout: QuantisedLayout | undefined;
  graphs: Record<string, number>;
  written: Map<string, Uint8Array>;
  linked: Map<string, string>;
}

/**
 * Builds a model's graphs over its untouched weight files: `out` gets `graphs/*.onnx`, links to the weights, the
 * configuration, the tokenizer, and `manifest.json`, written last, with the sha256 of everything. In fewer bits, one
 * file has all weights, and the checkpoint's are not needed any more.
 *
 * @throws RuntimeError OUT_IS_CHECKPOINT, TENSOR_MISSING, TENSOR_SHAPE, UNSUPPORTED_CONFIG; ModelPrepError
 */
export async function compileModel(options: CompileOptions): Promise<CompileReport> {
  const { checkpoint, out, dryRun = false } = options;
  if (resolve(checkpoint) === resolve(out)) {
    const what = 'expected a folder other than the checkpoint';
    throw new RuntimeError('OUT_IS_CHECKPOINT', what, { file: out, hint: 'choose another --out' });
  }
  const plan = await planFolder(checkpoint, options);
  const quantised = dryRun ? [] : await writeFolder(plan, out, options);
  let weightBytes = plan.layout === undefined ? 0 : plan.layout.bytes;
  for (const from of plan.linked.values()) weightBytes += (await stat(from)).size;
  const files = plan.written.size + plan.linked.size + (plan.layout === undefined ? 0 : 2);
  const { precision, graphs } = plan;
  const settings = chosenSelection(plan.geometry);
  return { selection: settings.selection, settings, precision, graphs, weightBytes, files, quantised };
}

async function planFolder(dir: string, options: CompileOptions): Promise<Plan> {
  const { precision = 'float', blockSize = 32 } = options;
  const checkpoint = await openCheckpoint(dir);
  const selection = options.selection ?? defaultSelection(checkpoint);
  const geometry = geometryOf(checkpoint.config, { ...options, selection }, join(dir, 'config.json'));
  const tensors = new Map<string, TensorInfo>();
  for (const [name, info] of checkpoint.tensors) tensors.set(name, { ...info, file: placeOf(info.file) });
  const stored = withLanguageHead(tensors, geometry.tiedEmbeddings);
  const layout = precision === 'float' ? undefined : layOutQuantised(stored, { precision, blockSize });
  for (const info of layout?.kept ?? []) tensors.set(info.name, info);
  const written = await smallFiles(dir, checkpoint.config.mm_vision_tower);
  if (layout !== undefined)
    for (const name of written.keys()) if (name.endsWith(INDEX_FILE)) written.delete(name);
  const built = buildModelGraphs(geometry, tensors, ALL_GRAPHS, { quantised: layout?.weights ?? [] });
  const graphWeights = built.weightBytes;
  const graphs: Record<string, number> = {};
  for (const [name, bytes] of Object.entries(built.graphs)) {
    graphs[name] = bytes.length;
    written.set(graphFile(name), bytes);
  }
  const linked = new Map<string, string>();
  if (layout !== undefined)
    return { checkpoint, geometry, precision, graphWeights, layout, graphs, written, linked };
  for (const file of checkpoint.files) linked.set(placeOf(file), resolve(dir, file));
  return { checkpoint, geometry, precision, graphWeights, layout, graphs, written, linked };
}

/** Configuration, weight index and tokenizer, byte for byte; only an absolute path to the vision tower is replaced. */
async function smallFiles(dir: string, tower: string): Promise<Map<string, Uint8Array>> {
  const inside = isAbsolute(tower) ? TOWER_FOLDER : tower;
  const sources = new Map<string, string>([
    ['config.json', join(dir, 'config.json')],
    [`${inside}/config.json`, join(resolve(dir, tower), 'config.json')],
    [`${inside}/${INDEX_FILE}`, join(resolve(dir, tower), INDEX_FILE)],
    [INDEX_FILE, join(dir, INDEX_FILE)],
    ...TOKENIZER_FILES.map((name): [string, string] => [name, join(dir, name)]),
  ]);
  const files = new Map<string, Uint8Array>();
  for (const [name, from] of sources) if (await pathExists(from)) files.set(name, await readFile(from));
  const config = files.get('config.json');
  if (isAbsolute(tower) && config !== undefined) {
    const content = z.looseObject({}).parse(parseJson(Buffer.from(config).toString(), {}));
    files.set(
      'config.json',
      Buffer.from(`${JSON.stringify({ ...content, mm_vision_tower: TOWER_FOLDER }, null, 2)}\n`),
    );
  }
  return files;
}

/** A weight file's path inside the compiled folder. */
function placeOf(file: string): string {
  return isAbsolute(file) ? `${TOWER_FOLDER}/${basename(file)}` : file;
}

/** @returns what quantising did, where there is anything to quantise */
async function writeFolder(
  plan: Plan,
  out: string,
  { fingerprints, signal }: Pick<CompileOptions, 'fingerprints' | 'signal'>,
): Promise<QuantisedTensor[]> {
  const { checkpoint, geometry, precision, graphWeights, layout, written, linked } = plan;
  await rm(join(out, MANIFEST_FILE), { force: true });
  const files: Record<string, WrittenFile> = {};
  const write = async (name: string, content: Parameters<typeof writeFileAtomic>[1]) => {
    files[name] = await writeFileAtomic(join(out, name), content);
  };
  for (const [name, bytes] of written) await write(name, bytes);
  const memo = typeof fingerprints === 'string' ? await Fingerprints.open(fingerprints) : fingerprints;
  for (const [name, from] of linked) {
    stopIfAborted(signal);
    files[name] = await linkWeights(from, join(out, name), memo);
  }
  await memo?.save();
  const quantised: QuantisedTensor[] = [];
  if (layout !== undefined) {
    const { dir } = checkpoint;
    const tensors = withLanguageHead(checkpoint.tensors, geometry.tiedEmbeddings);
    await write(
      layout.file,
      quantisedBytes(dir, tensors, layout, (tensor) => quantised.push(tensor), signal),
    );
    await write(QUANTISATION_FILE, `${JSON.stringify(quantised, null, 2)}\n`);
  }
  const manifest: Manifest = {
    format: 'flexattn-compiled',
    version: MANIFEST_VERSION,
    selection: chosenSelection(geometry),
    precision,
    geometry: checkpointGeometry(geometry),
    weightBytes: graphWeights,
    files,
  };
  await writeFileAtomic(join(out, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  return quantised;
}

/**
 * The same bytes under another name; where they were hashed before, they are not read. Of a symbolic link (a hub cache
 * has nothing else, and ONNX Runtime refuses them) the file that it leads to.
 */
async function linkWeights(from: string, to: string, memo: Fingerprints | undefined): Promise<WrittenFile> {
  await linkOrCopy(from, to);
  const sha256 = await (memo?.of(from) ?? sha256File(from));
  memo?.remember(to, sha256);
  return { size: (await stat(from)).size, sha256 };
}
