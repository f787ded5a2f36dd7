import { BENCHMARKS } from './benchmarks.js';

// Runs one benchmark in this process, and tells its results to the process that started it:
// run-one.js NAME [what it takes].
const [name = '', ...args] = process.argv.slice(2);
process.once('disconnect', () => process.exit());
try {
  const benchmark = BENCHMARKS[name];
  if (benchmark === undefined) throw new Error(`no benchmark is named "${name}"`);
  const module = await benchmark.load();
  process.send?.(await module.bench(args));
} catch (error) {
  const isArgument =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(isArgument ? `error: ${error.message}` : error);
  process.exitCode = isArgument ? 2 : 1;
} finally {
  process.disconnect();
}
