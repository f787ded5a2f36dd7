/**
 * Runs the benchmark of one room, both sides in one run:
 *
 *     npm run bench -- data-prep [what it takes]
 */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ bench(args: readonly string[]): Promise<void> }>>> =
  {
    cache: () => import('./cache.js'),
    'data-prep': () => import('./data-prep.js'),
    eval: () => import('./eval.js'),
    'model-prep': () => import('./model-prep.js'),
    preprocess: () => import('./preprocess.js'),
    report: () => import('./report.js'),
    runtime: () => import('./runtime.js'),
    'seven-billion': () => import('./seven-billion-answers.js'),
    train: () => import('./train.js'),
  };

const [name = '', ...args] = process.argv.slice(2);
const load = BENCHMARKS[name];
if (load === undefined) {
  console.error(
    `error: expected one of ${Object.keys(BENCHMARKS).join(', ')}, got "${name}"; npm run bench -- NAME`,
  );
  process.exitCode = 2;
} else {
  try {
    await (await load()).bench(args);
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')))
      throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  }
}
