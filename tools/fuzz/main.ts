/**
 * Feeds mutated files to the readers of untrusted bytes: `npm run fuzz -- NAME [--seconds S] [--seed N] [--count N]`.
 * The same seed makes the same inputs. Ends with 1 and names the input where a reader fails in another way than by one
 * of our errors, hangs or takes too much memory.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { FuzzOptions } from './fuzz-loop.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '3600' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000000' },
  },
});
const [seconds, seed, count] = [values.seconds, values.seed, values.count].map(Number);
const [name = ''] = positionals;
const module = new URL(`${name}.js`, import.meta.url);
const isNamed = /^[a-z][a-z0-9-]*$/.test(name) && !['main', 'mutations', 'fuzz-loop'].includes(name);
if (!isNamed || !existsSync(module) || !(Number(seconds) > 0) || !(Number(count) > 0)) {
  console.error(
    'usage: npm run fuzz -- NAME [--seconds S] [--seed N] [--count N]; NAME is a file in tools/fuzz',
  );
  process.exit(2);
}
const { fuzz } = (await import(module.href)) as { fuzz: (options: FuzzOptions) => Promise<void> };
await fuzz({ seed: seed ?? 1, seconds: seconds ?? 1, count: count ?? 1 });
