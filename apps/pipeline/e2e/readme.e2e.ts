import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, runCommand } from './command-line.js';

/** Commands that install or test the checkout: .ci/run or the chain's own test runs them, in that order. */
const RUN_ELSEWHERE = new Map([
  ['npm ci', '.ci/run'],
  ['npm test', '.ci/run'],
  ['npx nx run pipeline:all', 'apps/pipeline/e2e/setup.ts'],
]);

const documents = ['README.md', 'CONTRIBUTING.md', 'tools/tiny/README.md']
  .concat(
    ...['libs', 'apps'].map((folder) =>
      readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}/README.md`),
    ),
  )
  .concat(
    readdirSync(join(ROOT, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  );

interface Fence {
  document: string;
  language: string;
  text: string;
}

const fences: Fence[] = documents.flatMap((document) =>
  [...readFileSync(join(ROOT, document), 'utf8').matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```/gm)].map(
    ([, language = '', text = '']) => ({ document, language, text }),
  ),
);
const commands = fences
  .filter(({ language }) => language === 'sh')
  .flatMap(({ document, text }) =>
    text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, '').trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .flatMap((line) => line.split(' && '))
      .map((command) => ({ document, command })),
  );

describe('documents', () => {
  it('mark every fence as sh, ts, json or text', () => {
    expect(fences.filter(({ language }) => !['sh', 'ts', 'json', 'text'].includes(language))).toEqual([]);
  });

  it.each(commands.filter(({ command }) => !RUN_ELSEWHERE.has(command)))(
    '$document: $command',
    async ({ command }) => {
      const outcome = await runCommand('sh', ['-c', command]);
      expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
    },
  );

  it.each(commands.filter(({ command }) => RUN_ELSEWHERE.has(command)))(
    '$document: $command is run elsewhere',
    ({ command }) => {
      const place = RUN_ELSEWHERE.get(command) ?? '';
      const words = command
        .replace(/^npx /, '')
        .split(' ')
        .map((word) => `['", ]*${word}`)
        .join('');
      expect(readFileSync(join(ROOT, place), 'utf8')).toMatch(new RegExp(words));
    },
  );

  it.each(fences.filter(({ language }) => language === 'json'))('$document: its JSON is JSON', ({ text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});
