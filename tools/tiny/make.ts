/**
 * Makes the tiny world again, or checks the committed one. Run from the repository's root after `npx tsc -b tools`:
 *
 *     node tools/dist/tiny/make.js                          data and benchmarks, byte for byte; seconds
 *     node tools/dist/tiny/make.js --check                  compares them with the committed ones; exit 1 if they differ
 *     node tools/dist/tiny/make.js --base --python PYTHON   the base checkpoint too; minutes
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { trainBase } from './base.js';
import { compareFolder, writeFolder } from './folder.js';
import { WORLD_SEED, buildWorld } from './world.js';

/** Folders of the world that hold nothing but generated files; `base` also holds trained weights. */
const OWNED = ['data', 'benchmarks'];

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    base: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string', default: join('tools', 'tiny', 'world') },
  },
});

const files = buildWorld(WORLD_SEED);
const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
if (values.check) {
  const differences = await compareFolder(values.out, files, OWNED);
  for (const difference of differences) console.error(difference);
  console.log(`${files.length} files, ${bytes} bytes: ${differences.length} differ`);
  process.exitCode = differences.length === 0 ? 0 : 1;
} else {
  await writeFolder(values.out, files, OWNED);
  console.log(`${values.out}: ${files.length} files, ${bytes} bytes`);
  if (values.base) await trainBase(WORLD_SEED, values.out, values.python, Number(values.threads));
}
