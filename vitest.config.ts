import { defineConfig } from 'vitest/config';

/** Every unit test of the workspace, run from source: no build is needed before it. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@flexattn/source', 'module', 'node', 'import', 'default'] } },
  test: {
    include: ['libs/*/src/**/*.spec.ts', 'apps/*/src/**/*.spec.ts', 'tools/**/*.spec.ts'],
    testTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
