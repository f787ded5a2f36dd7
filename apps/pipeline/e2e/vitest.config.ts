import { defineConfig } from 'vitest/config';

/** The chain through the real command line, one test after the other: they share one workspace. */
export default defineConfig({
  test: {
    include: ['apps/pipeline/e2e/**/*.e2e.ts'],
    globalSetup: 'apps/pipeline/e2e/setup.ts',
    testTimeout: 900_000,
    hookTimeout: 900_000,
    fileParallelism: false,
    pool: 'forks',
  },
});
