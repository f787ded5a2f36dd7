import { resolve } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const eslint = new ESLint({
  cwd: root,
  // Under CI=true the parser would take the file on disk for the text that it is given.
  overrideConfig: {
    languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } },
  },
  ruleFilter: ({ ruleId }) => ruleId === '@nx/enforce-module-boundaries',
});

/** What the linter says of a file of one room that imports another. */
async function verdict(from: string, imported: string): Promise<string[]> {
  const code = `import * as other from '${imported}';\nexport { other };\n`;
  const [result] = await eslint.lintText(code, { filePath: resolve(root, from, 'src/index.ts') });
  return result?.messages.map(({ message }) => message) ?? [];
}

describe('the borders of the rooms', () => {
  it.each([
    ['libs/stage', '@flexattn/eval'],
    ['libs/eval', '@flexattn/flexattn-runtime'],
    ['libs/eval', '@flexattn/model-prep'],
    ['libs/data-prep', '@flexattn/model-prep'],
    ['libs/model-prep', '@flexattn/train'],
    ['libs/flexattn-runtime', '@flexattn/data-prep'],
    ['libs/train', '@flexattn/flexattn-runtime'],
    ['libs/train', '@flexattn/pipeline'],
  ])('%s may not import %s', async (from, imported) => {
    expect((await verdict(from, imported)).join()).toMatch(/can only depend on|[Cc]ircular dependency/);
  });

  it.each([
    ['libs/eval', '@flexattn/stage'],
    ['libs/model-prep', '@flexattn/stage/errors'],
    ['libs/train', '@flexattn/model-prep'],
    ['apps/pipeline', '@flexattn/eval'],
  ])('%s may import %s', async (from, imported) => {
    expect(await verdict(from, imported)).toEqual([]);
  });
});
