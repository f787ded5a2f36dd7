import { dirname, resolve } from 'node:path';

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** One part of a configuration: a file, or what the command line sets. */
export interface ConfigLayer {
  /** The file, or `--set`. */
  source: string;
  /** Of the file; empty for the command line. */
  text: string;
  value: JsonObject;
}

/** How files are read and parsed: strictly to run them, leniently to hash them. */
export interface LayerReader {
  read(file: string): Promise<string>;
  parse(text: string, file: string): unknown;
  /** Told what is wrong with `extends`. */
  refuse(what: string, file: string): Error;
}

/** A file and those that it extends, the base first. `extends` is a path from the file, `.json` may be left out. */
export async function configLayers(file: string, reader: LayerReader): Promise<ConfigLayer[]> {
  const layers: ConfigLayer[] = [];
  let next: string | undefined = file;
  while (next !== undefined) {
    const source: string = next;
    if (layers.some((layer) => layer.source === source)) throw reader.refuse('it extends itself', file);
    const text = await reader.read(source);
    const value = reader.parse(text, source);
    if (!isObject(value)) throw reader.refuse('expected an object', source);
    layers.unshift({ source, text, value });
    const base = value['extends'];
    if (base !== undefined && typeof base !== 'string')
      throw reader.refuse('extends: expected the path of a configuration', source);
    next =
      base === undefined
        ? undefined
        : resolve(dirname(source), base.endsWith('.json') ? base : `${base}.json`);
  }
  return layers;
}

/** What the layers say together: objects are merged key by key, anything else of a later layer replaces. */
export function mergeLayers(layers: readonly ConfigLayer[]): JsonObject {
  const values = layers.map(({ value }) => value);
  const { extends: _base, ...merged } = values.reduce((below, above) => mergeObjects(below, above), {});
  return merged;
}

/**
 * A configuration with one value set at a path of keys and indices, copied where it changes; objects on the way are
 * made. Undefined where the way leads through something else.
 */
export function withValue(config: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(config)) {
    const index = Number(key);
    if (!Number.isInteger(index) || index < 0 || index >= config.length) return undefined;
    const inner = withValue(config[index], rest, value);
    return inner === undefined ? undefined : config.with(index, inner);
  }
  if (config !== undefined && !isObject(config)) return undefined;
  const inner = withValue(config?.[key], rest, value);
  return inner === undefined ? undefined : { ...config, [key]: inner };
}

function mergeObjects(below: JsonObject, above: JsonObject): JsonObject {
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const old = merged[key];
    merged[key] = isObject(old) && isObject(value) ? mergeObjects(old, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
