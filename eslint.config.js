import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Which rooms a room may import: the "may import" column of the design. */
const rooms = {
  stage: [],
  'data-prep': ['stage'],
  'model-prep': ['stage'],
  train: ['stage', 'model-prep', 'data-prep'],
  'flexattn-runtime': ['stage', 'model-prep'],
  eval: ['stage'],
  pipeline: ['stage', 'data-prep', 'model-prep', 'train', 'flexattn-runtime', 'eval'],
  tools: ['stage', 'data-prep', 'model-prep', 'train', 'flexattn-runtime', 'eval', 'pipeline'],
};

const depConstraints = Object.entries(rooms).map(([room, mayImport]) => ({
  sourceTag: `room:${room}`,
  onlyDependOnLibsWithTags: [room, ...mayImport].map((name) => `room:${name}`),
}));

/** What the pure core of a lib does not import. */
const EDGE = [
  'node:fs',
  'node:fs/promises',
  'node:child_process',
  'node:worker_threads',
  'node:http',
  'node:https',
  'node:net',
  'node:os',
  'node:process',
  'execa',
  'sharp',
  'onnxruntime-node',
  '@huggingface/hub',
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      'runs/',
      '.nx/',
      '.flexattn/',
      '**/*_pb.ts',
      'tools/tiny/world/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.spec.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-empty': ['error', { allowEmptyCatch: false }],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['libs/*/src/**/*.ts'],
    ignores: ['libs/*/src/node/**', '**/*.spec.ts', '**/*.fixture.ts', '**/index.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: [...EDGE, '**/node/*'],
              message: 'The core is pure: what touches files, processes or the network is in src/node.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'fetch'],
    },
  },
  {
    files: ['**/*.spec.ts', '**/e2e/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', 'max-lines': 'off' },
  },
  {
    files: ['libs/**/*.ts', 'apps/**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { enforceBuildableLibDependency: true, allow: [], depConstraints },
      ],
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly' },
    },
  },
);
