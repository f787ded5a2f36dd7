import { writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DataPrepError, readSamples } from '@flexattn/data-prep';
import type { DataPrepErrorCode } from '@flexattn/data-prep';
import type { Random } from '../tiny/random.js';
import { corpusFiles, temporaryFolder } from './corpus.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { mutateJson } from './json-mutations.js';
import { mutateBytes, mutateText } from './mutations.js';

/** Where the reader's first chunk ends: a sample that lies across it is put together of two. */
const FIRST_CHUNK = 32 * 1024;
/** What the file is blamed for where its text is no JSON; other codes blame what a sample says. */
const SYNTAX: readonly DataPrepErrorCode[] = ['NOT_JSON', 'CUT_SHORT', 'BAD_GZIP'];
const OPEN_ARRAY = 0x5b;

/**
 * Annotation files, against `JSON.parse`: what is read must be the same samples, and what is refused as no JSON must be
 * refused there too.
 */
export function jsonScannerTarget(): FuzzTarget {
  const { path, close } = temporaryFolder();
  const file = joinPath(path, 'mix.json');
  return { kinds: kinds(), close, warmUp: 4000, read: (bytes) => readBoth(file, bytes) };
}

function kinds(): FuzzTarget['kinds'] {
  const [array = '', lines = ''] = [...corpusFiles('json-scanner').values()].map((bytes) =>
    Buffer.from(bytes).toString(),
  );
  const samples = JSON.parse(array) as unknown[];
  const encode = (text: string) => new TextEncoder().encode(text);
  return {
    'array text': (random) => mutateText(array, random),
    'array value': (random) => encode(mutateJson(samples, random)),
    'lines text': (random) => mutateText(lines, random),
    'lines value': (random) => encode(samples.map((one) => `${mutateJson(one, random)}\n`).join('')),
    'across chunks': (random) => acrossChunks(array, random),
    packed: (random) => {
      const packed = gzipSync(mutateText(array, random));
      return random.chance(50) ? packed : mutateBytes(packed, random);
    },
  };
}

/** White space in front, so that the first chunk ends in the midst of the text. */
function acrossChunks(text: string, random: Random): Uint8Array {
  const mutated = random.chance(50) ? Buffer.from(text) : Buffer.from(mutateText(text, random));
  const space = Buffer.alloc(FIRST_CHUNK - random.below(Math.min(FIRST_CHUNK, mutated.length + 1)), ' ');
  return Buffer.concat([mutated.subarray(0, 1), space, mutated.subarray(1)]);
}

async function readBoth(file: string, bytes: Uint8Array): Promise<void> {
  writeFileSync(file, bytes);
  const expected = oracle(bytes);
  const samples: unknown[] = [];
  try {
    for await (const sample of readSamples(file)) samples.push(sample);
  } catch (error) {
    const blamesText = error instanceof DataPrepError && SYNTAX.some((code) => code === error.code);
    if (blamesText && expected !== undefined) {
      throw new Error(`JSON.parse reads what is refused: ${error.message}`, { cause: error });
    }
    throw error;
  }
  if (!isDeepStrictEqual(samples, expected)) throw new Error('JSON.parse reads other samples');
}

/** The samples that `JSON.parse` finds; undefined where the bytes are no such file to it. */
function oracle(bytes: Uint8Array): unknown[] | undefined {
  try {
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    // The decoder drops a byte order mark in front.
    const text = new TextDecoder().decode(isPacked ? gunzipSync(bytes) : bytes);
    const start = text.trimStart();
    if (start.charCodeAt(0) === OPEN_ARRAY) return JSON.parse(text) as unknown[];
    if (!start.startsWith('{')) return undefined;
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => JSON.parse(line) as unknown);
  } catch {
    return undefined;
  }
}
