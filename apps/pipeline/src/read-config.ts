import {
  configLayers,
  mergeLayers,
  withValue,
  type ConfigLayer,
  type LayerReader,
  contentError,
  parseJson,
  readJsonText,
  schemaProblem,
} from '@flexattn/stage';
import { configSchema, type Config } from './config.js';
import { PipelineError } from './errors.js';

const SET = '--set';

const strictly = {
  parse: (text: string, file: string) => parseJson(text, { file }),
  refuse: (what: string, file: string) =>
    new PipelineError('BAD_CONFIG', what, { file, hint: 'mend the file' }),
};

/** A setting of the command line, `train.learningRate=1e-5`: its path, and its value as JSON or else as text. */
export interface Override {
  path: string[];
  value: unknown;
}

/**
 * A configuration file with what it extends and what the command line sets, checked. `read`: where the files are had
 * from, if not from the disk.
 *
 * @throws StageError BAD_JSON, BAD_CONTENT with line, column and the nearest known key; PipelineError BAD_CONFIG
 */
export async function readConfig(
  file: string,
  overrides: readonly Override[] = [],
  read: LayerReader['read'] = readJsonText,
): Promise<Config> {
  const layers = await configLayers(file, { ...strictly, read });
  const value = overrides.reduce(applied, mergeLayers(layers));
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const { path, what } = schemaProblem(configSchema, value, result.error);
  const isSet = overrides.some((override) => override.path.every((key, index) => path[index] === key));
  if (isSet) throw refusedSetting(path, what);
  const { source, text } = layerOf(layers, path) ?? { source: file, text: layers.at(-1)?.text ?? '{}' };
  throw contentError(what, { file: source, text, path, cause: result.error });
}

/** The files and folders that a configuration reads; a checkpoint of the hub is none. */
export function namedPaths({ data, checkpoint, eval: { benchmarks } }: Config): string[] {
  const files = Object.values(benchmarks).flatMap(({ path, module }) => [path, ...(module ? [module] : [])]);
  return [...[data.annotations].flat(), data.images, checkpoint, ...files].filter(
    (path) => !path.startsWith('hub:'),
  );
}

/** Parses `path=value`. */
export function parseOverride(text: string): Override {
  const at = text.indexOf('=');
  const path = text.slice(0, at).split('.');
  if (at < 1 || path.includes(''))
    throw new PipelineError('BAD_ARGUMENT', `expected PATH=VALUE, got ${JSON.stringify(text)}`, {
      item: SET,
      hint: 'such as --set train.learningRate=1e-5',
    });
  const value = text.slice(at + 1);
  try {
    return { path, value: JSON.parse(value) as unknown };
  } catch {
    return { path, value };
  }
}

function applied(config: Config | object, { path, value }: Override): object {
  const changed = withValue(config, path, value);
  if (typeof changed === 'object' && changed !== null) return changed;
  throw refusedSetting(path, 'there is no such place');
}

function refusedSetting(path: readonly string[], what: string): PipelineError {
  return new PipelineError('BAD_CONFIG', what, {
    item: `${SET} ${path.join('.')}`,
    hint: '`flexattn config show` prints what there is',
  });
}

/** The last layer in which something stands at the path. */
function layerOf(layers: readonly ConfigLayer[], path: readonly string[]): ConfigLayer | undefined {
  return layers.findLast(({ value }) => {
    let inner: unknown = value;
    for (const key of path) {
      if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return false;
      inner = (inner as Record<string, unknown>)[key];
    }
    return true;
  });
}
