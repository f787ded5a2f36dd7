import { join } from 'node:path';
import { compileModel } from '@flexattn/flexattn-runtime';
import { span } from './medians.js';
import { writeRandomCheckpoint, type CheckpointSizes } from './random-checkpoint.js';
import { limitedResult, type BenchResult } from './result.js';

/** Seconds that it may take where the weights were hashed before. */
const LIMIT = 3;
/** After the first, which hashes every byte. */
const REPEATED = 3;

/**
 * Compiles a checkpoint of zeros in F16, a sparse file, into a folder that links it: first from nothing, which reads
 * all of it for its sha256, then with the weights known.
 */
export async function benchCompile(
  name: string,
  sizes: CheckpointSizes,
  scratch: string,
): Promise<BenchResult> {
  const [checkpoint, out] = [join(scratch, name), join(scratch, `${name}-compiled`)];
  const fingerprints = join(scratch, 'fingerprints.tsv');
  await writeRandomCheckpoint(checkpoint, sizes, { seed: 1, spread: 0, dtype: 'F16' });
  const times: number[] = [];
  for (let i = 0; i <= REPEATED; i++) {
    const begin = performance.now();
    const { graphs, weightBytes } = await compileModel({ checkpoint, out, fingerprints });
    times.push((performance.now() - begin) / 1000);
    if (i > 0) continue;
    const graphBytes = Object.values(graphs).reduce((sum, bytes) => sum + bytes, 0);
    const read = `${(weightBytes / 1e9).toFixed(1)} GB hashed and linked`;
    console.log(
      `compile ${name} shapes: ${span(times)}, ${read}, ${(graphBytes / 1e6).toFixed(1)} MB of graphs`,
    );
  }
  const again = times.slice(1);
  console.log(`again, weights known: ${span(again)}`);
  return limitedResult({ work: `compile ${name} shapes, weights known`, ours: again, limit: LIMIT });
}
