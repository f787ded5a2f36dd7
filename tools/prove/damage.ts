import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../tiny/random.js';
import type { Random } from '../tiny/random.js';
import { forgetSteps } from './prepared-world.js';
import type { Proof } from './proof.js';
import { endText } from './small-world.js';
import type { SmallWorld } from './small-world.js';
import { inParallel } from './trials.js';
import { differences, worldFiles } from './world-files.js';
import type { WorldFiles } from './world-files.js';

interface Kind {
  name: string;
  /** Of its files, from the world's folder. */
  files: RegExp;
  /** Brings about that the file is read: whoever has the artifacts looks into no store. */
  prepare?: (world: SmallWorld, path: string) => Promise<void>;
  /** What standard error says; left out for a cache, of which a line that is damaged is like one that was never there. */
  says?: RegExp;
}

const DAMAGED = /is missing or damaged|is damaged or was edited/;

const KINDS: readonly Kind[] = [
  { name: 'clean data', files: /^runs\/small\/clean\/(?!receipt)/, says: DAMAGED },
  { name: 'tokens', files: /^runs\/small\/tokens\/(?!receipt)/, says: DAMAGED },
  { name: 'safetensors', files: /^runs\/small\/.+\.safetensors$/, says: DAMAGED },
  { name: 'graphs', files: /^runs\/small\/compile\/.+\.onnx$/, says: DAMAGED },
  {
    name: 'configurations, tokenizers, manifests',
    files: /^runs\/small\/(init|train|compile)\/.+\.json(l)?$/,
    says: DAMAGED,
  },
  { name: 'items', files: /^runs\/small\/items\/(?!receipt)/, says: DAMAGED },
  { name: 'answers', files: /^runs\/small\/infer\/(?!receipt)/, says: DAMAGED },
  { name: 'scores, report', files: /^runs\/small\/(eval|report)\/(?!receipt)/, says: DAMAGED },
  { name: 'receipts', files: /^runs\/small\/[^/]+\/receipt\.json$/, says: DAMAGED },
  { name: 'kept receipts', files: /^\.flexattn\/receipts\//, says: DAMAGED },
  {
    name: 'store',
    files: /^\.flexattn\/store\//,
    says: DAMAGED,
    prepare: (world) => rm(join(world.folder, 'runs'), { recursive: true }),
  },
  {
    name: 'kept answers',
    files: /^\.flexattn\/answers\//,
    prepare: (world) => forgetSteps(world, ['infer']),
  },
  {
    name: 'picture journal',
    files: /^\.flexattn\/images\.journal$/,
    prepare: (world) => forgetSteps(world, ['clean']),
  },
  { name: 'remembered hashes', files: /^\.flexattn\/fingerprints\.tsv$/ },
];

/** Lines for a trial. */
const SHOWN = 3;

interface Trial {
  kind: Kind;
  path: string;
  random: Random;
}

export const damage: Proof = {
  name: 'damage',
  promise: 'damage is noticed before use',
  test: 'one bit flipped, or the end cut off, in a file of every kind that stages write; then the chain again',
  count: 300,
  prove: async (options) => {
    const finished = await options.finished();
    const reference = await worldFiles(finished.folder);
    const trials = Array.from({ length: options.count }, (_, i): Trial => {
      const random = createRandom(options.seed, `damage ${i}`);
      const kind = KINDS[i % KINDS.length];
      const paths = [...reference.keys()].filter((path) => kind?.files.test(path) === true);
      if (kind === undefined || paths.length === 0) throw new Error(`no file of ${kind?.name ?? 'a kind'}`);
      return { kind, path: random.pick(paths), random };
    });
    const found = await inParallel(trials, options, async (trial, i) => {
      const world = await finished.copy(join(options.folder, `trial-${i}`));
      try {
        return await tryDamage(world, trial, reference);
      } finally {
        await rm(world.folder, { recursive: true, force: true });
      }
    });
    const counts = KINDS.map(({ name }, k) => {
      const of = found.filter((_, i) => i % KINDS.length === k);
      return `${name} ${of.filter((problems) => problems.length === 0).length}/${of.length}`;
    });
    const noticed = found.filter((problems) => problems.length === 0).length;
    return {
      figure: `${noticed} of ${trials.length} noticed, made again with the same bytes: ${counts.join(', ')}`,
      failures: found.flat(),
    };
  },
};

async function tryDamage(world: SmallWorld, trial: Trial, reference: WorldFiles): Promise<string[]> {
  const { kind, path, random } = trial;
  const how = await harm(join(world.folder, path), random);
  await kind.prepare?.(world, path);
  const ended = await world.run('all');
  const problems: string[] = [];
  if (ended.code !== 0) problems.push(endText(ended));
  else {
    if (kind.says !== undefined && !kind.says.test(ended.stderr)) problems.push('not told');
    problems.push(...differences(await worldFiles(world.folder), reference));
  }
  return problems.slice(0, SHOWN).map((line) => `${kind.name}, ${path}, ${how}: ${line}`);
}

/** Flips a bit or cuts the end off; tells which. */
async function harm(file: string, random: Random): Promise<string> {
  const bytes = await readFile(file);
  if (bytes.length === 0) {
    await writeFile(file, 'x');
    return 'a byte added';
  }
  const at = random.below(bytes.length);
  if (random.chance(25)) {
    await truncate(file, at);
    return `cut to ${at} of ${bytes.length} bytes`;
  }
  const bit = random.below(8);
  await writeFile(file, bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit)));
  return `bit ${bit} of byte ${at} flipped`;
}
