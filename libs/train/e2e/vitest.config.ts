import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The launchers of Slurm jobs against real daemons, one file after the other: each starts its own. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@flexattn/source', 'module', 'node', 'import', 'default'] } },
  test: {
    include: ['libs/train/e2e/**/*.e2e.ts'],
    globalSetup: fileURLToPath(new URL('install-slurm.ts', import.meta.url)),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
