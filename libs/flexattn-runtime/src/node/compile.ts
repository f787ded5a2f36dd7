import { readFile, realpath, rm, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { openCheckpoint } from '@flexattn/model-prep';
import type { TensorInfo } from '@flexattn/model-prep';
import { linkOrCopy, parseJson, sha256File, writeFileAtomic } from '@flexattn/stage';
import type { WrittenFile } from '@flexattn/stage';
import { z } from 'zod';
import { RuntimeError } from '../error.js';
import { geometryOf } from '../geometry.js';
import type { Selection } from '../geometry.js';
import { buildModelGraphs } from '../graphs/model-graphs.js';
import { graphFile, MANIFEST_FILE } from '../manifest.js';
import type { Manifest } from '../manifest.js';
import { exists, TOKENIZER_FILES } from './load-tokenizer.js';
import { defaultSelection } from './model-folder.js';
import { stopIfAborted } from './stop.js';

export interface CompileOptions {
  /** Folder of a LLaVA checkpoint. */
  checkpoint: string;
  /** Folder to fill; another than the checkpoint. */
  out: string;
  /** Default: `attention` where the checkpoint has high-res weights. */
  selection?: Selection | undefined;
  signal?: AbortSignal | undefined;
  /** Build the graphs, write nothing. */
  dryRun?: boolean | undefined;
}

/** What compiling made. */
export interface CompileReport {
  selection: Selection;
  /** Bytes of each graph, by name. */
  graphs: Record<string, number>;
  /** Bytes of weights that the graphs point into; none of them is written. */
  weightBytes: number;
  /** Files of the folder, the manifest not counted. */
  files: number;
}

/** Where an absolute vision tower's files go inside the compiled folder. */
const TOWER_FOLDER = 'vision_tower';
const INDEX_FILE = 'model.safetensors.index.json';

/** What goes into the compiled folder: bytes to write, and weight files to link, by path inside it. */
interface Plan {
  selection: Selection;
  graphs: Record<string, number>;
  written: Map<string, Uint8Array>;
  linked: Map<string, string>;
}

/**
 * Builds a model's graphs over its untouched weight files: `out` gets `graphs/*.onnx`, links to the weights, the
 * configuration, the tokenizer, and `manifest.json`, written last, with the sha256 of everything.
 *
 * @throws RuntimeError OUT_IS_CHECKPOINT, TENSOR_MISSING, TENSOR_SHAPE, UNSUPPORTED_CONFIG; ModelPrepError
 */
export async function compileModel(options: CompileOptions): Promise<CompileReport> {
  const { checkpoint, out, signal, dryRun = false } = options;
  if (resolve(checkpoint) === resolve(out)) {
    const what = 'expected a folder other than the checkpoint';
    throw new RuntimeError('OUT_IS_CHECKPOINT', what, { file: out, hint: 'choose another --out' });
  }
  const plan = await planFolder(checkpoint, options.selection);
  if (!dryRun) await writeFolder(plan, out, signal);
  let weightBytes = 0;
  for (const from of plan.linked.values()) weightBytes += (await stat(from)).size;
  const files = plan.written.size + plan.linked.size;
  return { selection: plan.selection, graphs: plan.graphs, weightBytes, files };
}

async function planFolder(dir: string, wanted: Selection | undefined): Promise<Plan> {
  const checkpoint = await openCheckpoint(dir);
  const selection = wanted ?? defaultSelection(checkpoint);
  const geometry = geometryOf(checkpoint.config, { selection }, join(dir, 'config.json'));
  const tensors = new Map<string, TensorInfo>();
  for (const [name, info] of checkpoint.tensors) tensors.set(name, { ...info, file: placeOf(info.file) });
  const written = await smallFiles(dir, checkpoint.config.mm_vision_tower);
  const graphs: Record<string, number> = {};
  for (const [name, bytes] of Object.entries(buildModelGraphs(geometry, tensors))) {
    graphs[name] = bytes.length;
    written.set(graphFile(name), bytes);
  }
  const linked = new Map<string, string>();
  // Links are resolved: a hub cache is symbolic links, which ONNX Runtime refuses.
  for (const file of checkpoint.files) linked.set(placeOf(file), await realpath(resolve(dir, file)));
  return { selection, graphs, written, linked };
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
  for (const [name, from] of sources) if (await exists(from)) files.set(name, await readFile(from));
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

async function writeFolder(
  { selection, written, linked }: Plan,
  out: string,
  signal?: AbortSignal,
): Promise<void> {
  await rm(join(out, MANIFEST_FILE), { force: true });
  const files: Record<string, WrittenFile> = {};
  for (const [name, bytes] of written) files[name] = await writeFileAtomic(join(out, name), bytes);
  for (const [name, from] of linked) {
    stopIfAborted(signal);
    await linkOrCopy(from, join(out, name));
    files[name] = { size: (await stat(from)).size, sha256: await sha256File(from) };
  }
  const manifest: Manifest = { format: 'flexattn-compiled', version: 1, selection, files };
  await writeFileAtomic(join(out, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
}
