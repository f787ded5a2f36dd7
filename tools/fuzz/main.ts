/**
 * Feeds mutated files to the readers of untrusted bytes: `npm run fuzz -- NAME [--seconds S] [--seed N] [--count N]`.
 * The same seed makes the same inputs. Ends with 1 and names the input where a reader fails in another way than by one
 * of our errors, hangs or takes too much memory.
 */
import { parseArgs } from 'node:util';
import { fuzzTarget, outcomeText } from './fuzz-loop.js';
import { TARGETS } from './targets.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '3600' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000000' },
  },
});
const [seconds = 0, seed = 0, count = 0] = [values.seconds, values.seed, values.count].map(Number);
const [name = ''] = positionals;
const open = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
if (open === undefined || !(seconds > 0) || !(count > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run fuzz -- NAME [--seconds S] [--seed N] [--count N]');
  console.error(`NAME is one of ${Object.keys(TARGETS).join(', ')}`);
  process.exit(2);
}
process.stdout.write(outcomeText(await fuzzTarget(await open(), { seed, seconds, count })));
