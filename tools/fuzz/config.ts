import { writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import {
  configLayers,
  contentError,
  mergeLayers,
  parseJson,
  readJsonText,
  schemaProblem,
  StageError,
  withValue,
} from '@flexattn/stage';
import { checkLauncher, launcherSettingsSchema, trainSettingsSchema } from '@flexattn/train';
import { corpusFile, temporaryFolder } from './corpus.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { mutateJson } from './json-mutations.js';
import { mutateText } from './mutations.js';

const schema = trainSettingsSchema.extend(launcherSettingsSchema.shape).superRefine(checkLauncher);

/**
 * A configuration that extends another, read as the `flexattn` command does: strict JSON, layers, one value set, a schema
 * and the place of what it refuses. The schema is the largest part of the command's own, whose other parts
 * `apps/pipeline/src/damaged-config.spec.ts` damages: nothing here may import the command, which depends on this project.
 */
export function configTarget(): FuzzTarget {
  const { path, close } = temporaryFolder('config');
  const text = Buffer.from(corpusFile('config/train.json')).toString();
  const value: unknown = JSON.parse(text);
  const file = joinPath(path, 'train.json');
  return {
    kinds: {
      text: (random) => mutateText(text, random),
      value: (random) => new TextEncoder().encode(mutateJson(value, random)),
    },
    close,
    read: (bytes) => readSettings(file, bytes),
  };
}

async function readSettings(file: string, bytes: Uint8Array): Promise<void> {
  writeFileSync(file, bytes);
  const layers = await configLayers(file, {
    read: readJsonText,
    parse: (text, source) => parseJson(text, { file: source }),
    refuse: (what, source) => new StageError('BAD_CONTENT', what, { file: source }),
  });
  const merged = withValue(mergeLayers(layers), ['steps'], 10);
  const result = schema.safeParse(merged);
  if (result.success) return;
  const { path, what } = schemaProblem(schema, merged, result.error);
  throw contentError(what, { file, text: layers.at(-1)?.text ?? '', path, cause: result.error });
}
