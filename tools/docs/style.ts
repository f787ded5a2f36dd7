/**
 * Sizes of source files, for docs/style.md: `node tools/dist/docs/style.js [FOLDER...]`. Without a folder: the rooms of
 * this repository. A line a folder: files, lines of the median, the 90th percentile and the longest, lines of tests per
 * line of source, and names that `src/index.ts` or `index.js` exports, types aside.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOMS = ['stage', 'data-prep', 'model-prep', 'train', 'flexattn-runtime', 'eval'];
const SKIPPED = /(^|\/)(node_modules|dist|golden|world)\/|\.d\.ts$|_pb\.ts$/;
const TEST = /\.(spec|fixture|e2e|test)\.[jt]s$|(^|\/)(test|e2e)\//;

const named = process.argv.slice(2);
const folders = named.length > 0 ? named : [...ROOMS.map((room) => join('libs', room)), 'apps/pipeline'];
console.log('folder | files | median | p90 | longest | tests/source | names');
const measured = folders.map((folder) => measure(folder));
for (const [at, one] of measured.entries()) print(folders[at] ?? '', one);
if (named.length === 0) {
  const all = measured.flatMap(({ source }) => source);
  print('all', { source: all, tests: measured.reduce((sum, { tests }) => sum + tests, 0), names: undefined });
}

interface Measured {
  /** Lines of each file. */
  source: number[];
  /** Lines of all tests and what only they use. */
  tests: number;
  names: number | undefined;
}

function measure(folder: string): Measured {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.[jt]s$/.test(file) && !SKIPPED.test(file));
  const linesOf = (file: string) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').length;
  return {
    source: files.filter((file) => !TEST.test(file)).map(linesOf),
    tests: files.filter((file) => TEST.test(file)).reduce((sum, file) => sum + linesOf(file), 0),
    names: exportedNames(folder),
  };
}

function exportedNames(folder: string): number | undefined {
  const index = ['src/index.ts', 'src/index.js', 'index.js'].find((file) => existsSync(join(folder, file)));
  if (index === undefined) return undefined;
  const text = readFileSync(join(folder, index), 'utf8');
  const lists = [...text.matchAll(/^export \{([^}]*)\}/gm)].map(([, list = '']) => list);
  const single = [...text.matchAll(/^export (?:const|function|class) [\w$]/gm)];
  return single.length + lists.flatMap((list) => list.split(',')).filter((name) => name.trim() !== '').length;
}

function print(folder: string, { source, tests, names }: Measured): void {
  const sorted = source.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const total = source.reduce((sum, lines) => sum + lines, 0);
  const cells = [folder, sorted.length, at(0.5), at(0.9), sorted.at(-1) ?? 0, (tests / total).toFixed(2)];
  console.log([...cells, names ?? '-'].join(' | '));
}
