import { ModelPrepError } from './errors.js';
import { WEIGHT_NAMES } from './weight-index.js';

/** A file of a repository's commit. */
export interface HubFile {
  /** With `/`. */
  path: string;
  /** Bytes. */
  size: number;
  /** What its bytes must hash to: SHA-256 of large files, git's blob hash (SHA-1) of the others; hexadecimal. */
  hash: { algorithm: 'sha256' | 'git-sha1'; digest: string };
}

/** A repository at one commit. */
export interface HubCommit {
  /** 40 hexadecimal digits. */
  commit: string;
  files: HubFile[];
}

/** Beside weights, what opening, tokenising and generating read. */
const NEEDED = /^(?:.*\.json|tokenizer\.model|spiece\.model|vocab\.txt|merges\.txt|.*\.jinja)$/;
/** Folders with the same model in another form, or what training left. */
const OTHER_FORMS = /^(?:\..*|onnx|openvino|coreml|original|runs|logs|checkpoint-\d+|global_step\d+)$/;
/** Settings and state of training, and the indexes of other formats. */
const UNNEEDED = /^(?:trainer_state|training_args|.*\.index|all_results|train_results|eval_results)\.json$/;

/**
 * The files of a repository that a checkpoint needs: weights once (safetensors, else PyTorch's), configuration and
 * tokenizer, in each folder that has a config.json; or those that a pattern names, where there are some.
 *
 * @param include patterns over whole paths: `*` stands for any characters, `?` for one
 * @throws ModelPrepError NOTHING_TO_DOWNLOAD where no file is left
 */
export function chooseFiles(files: readonly HubFile[], include: readonly string[] = []): HubFile[] {
  const patterns = include.map(globPattern);
  const isWanted = (path: string): boolean =>
    patterns.length > 0 ? patterns.some((pattern) => pattern.test(path)) : needed.has(path);
  const needed = new Set(patterns.length > 0 ? [] : neededPaths(files.map(({ path }) => path)));
  const chosen = files.filter(({ path }) => isWanted(path));
  if (chosen.length > 0) return chosen;
  const what = `expected a file ${patterns.length > 0 ? `like ${include.join(', ')}` : 'of a checkpoint'}, got ${files.length} others`;
  throw new ModelPrepError('NOTHING_TO_DOWNLOAD', what, {
    hint: 'check the name, or say which files (--include)',
  });
}

function neededPaths(paths: readonly string[]): string[] {
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const at = path.lastIndexOf('/') + 1;
    const folder = path.slice(0, at);
    if (folder.split('/').some((part) => OTHER_FORMS.test(part))) continue;
    folders.set(folder, [...(folders.get(folder) ?? []), path.slice(at)]);
  }
  const chosen = [...folders]
    .filter(([folder, names]) => folder === '' || names.includes('config.json'))
    .flatMap(([folder, names]) =>
      [...weightNames(names), ...names.filter((name) => NEEDED.test(name) && !UNNEEDED.test(name))].map(
        (name) => folder + name,
      ),
    );
  return chosen;
}

/** The weights of one folder: an index and its shards, or one file, of the first format that is there. */
function weightNames(names: readonly string[]): string[] {
  for (const { single, index, extension } of Object.values(WEIGHT_NAMES)) {
    const stem = single.slice(0, -extension.length);
    const shards = names.filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension));
    if (names.includes(index) && shards.length > 0) return [index, ...shards];
    if (names.includes(single)) return [single];
  }
  return [];
}

function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}
