import { rmSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { loadTokenizer } from '@flexattn/flexattn-runtime';
import { corpusFile, temporaryFolder } from './corpus.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { mutateJson } from './json-mutations.js';
import { mutateBytes, mutateText } from './mutations.js';

const TEXTS = [
  '',
  'the sun',
  '<image>\nWhat is it? </s>',
  'é \u{1f600}\u0000 ｶﾞ',
  ' '.repeat(30),
  'ab'.repeat(200),
];
const IDS = [0, 1, 2, 3, 7, 40, 1000, 2 ** 31, -200];

/** Tokenizer files of a checkpoint: loaded, and then used, as a file can be wrong in a way that only texts show. */
export function tokenizerTarget(): FuzzTarget {
  const { path, close } = temporaryFolder();
  const json = Buffer.from(corpusFile('tokenizer/tokenizer.json')).toString();
  const content: unknown = JSON.parse(json);
  const model = corpusFile('tokenizer/tokenizer.model');
  return {
    kinds: {
      'tokenizer.json text': (random) => mutateText(json, random),
      'tokenizer.json value': (random) => new TextEncoder().encode(mutateJson(content, random)),
      'tokenizer.model': (random) => mutateBytes(model, random),
    },
    close,
    warmUp: 3000,
    read: (bytes, kind) => loadAndUse(path, kind.split(' ')[0] ?? '', bytes),
  };
}

async function loadAndUse(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const file = joinPath(folder, name);
  writeFileSync(file, bytes);
  try {
    const tokenizer = await loadTokenizer(folder);
    for (const text of TEXTS) {
      const ids = tokenizer.encodePrompt(text);
      if (!ids.every(Number.isInteger)) throw new Error(`ids of ${JSON.stringify(text)}: ${ids.join()}`);
      if (typeof tokenizer.decode(ids.filter((id) => id >= 0)) !== 'string') throw new Error('no text');
    }
    tokenizer.decode(IDS);
  } finally {
    rmSync(file);
  }
}
