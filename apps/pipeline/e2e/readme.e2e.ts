import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT, runCommand } from './command-line.js';

/** Commands that install or test the checkout: .ci/run or the tests' setup runs them. */
const RUN_ELSEWHERE = new Map([
  ['npm ci', '.ci/run'],
  ['npm test', '.ci/run'],
  ['npx nx run pipeline:all', 'apps/pipeline/e2e/setup.ts'],
]);

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'tools/tiny/README.md'],
  ...['libs', 'apps'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}/README.md`),
  ),
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
];

interface Fence {
  document: string;
  language: string;
  text: string;
  /** What stands between this fence and the one before. */
  gap: string;
}

function fencesOf(document: string): Fence[] {
  const source = readFileSync(join(ROOT, document), 'utf8');
  let end = 0;
  return [...source.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```/gm)].map((match) => {
    const gap = source.slice(end, match.index);
    end = match.index + match[0].length;
    return { document, language: match[1] ?? '', text: match[2] ?? '', gap };
  });
}

const fences = documents.flatMap(fencesOf);
const ofLanguage = (language: string) => fences.filter((fence) => fence.language === language);

/** Commands of a fence, comments dropped; a fence that is one long command has one. */
const commandsOf = ({ text }: Fence) =>
  text.split(/\n| && /).flatMap((line) => (line.trim() === '' ? [] : [line.replace(/\s+# .*$/, '').trim()]));
const isRunElsewhere = (fence: Fence) => commandsOf(fence).every((command) => RUN_ELSEWHERE.has(command));

/** The output that a document shows right below a command. */
function shownOutput(fence: Fence): string | undefined {
  const next = fences[fences.indexOf(fence) + 1];
  const follows = next?.document === fence.document && next.language === 'text' && next.gap.trim() === '';
  return follows ? next.text.trim() : undefined;
}

describe('documents', () => {
  it('mark every fence as sh, ts, json or text', () => {
    expect(fences.filter(({ language }) => !['sh', 'ts', 'json', 'text'].includes(language))).toEqual([]);
  });

  it.each(ofLanguage('sh').filter((fence) => !isRunElsewhere(fence)))(
    '$document: its commands work and print what is shown: $text',
    async (fence) => {
      const outcome = await runCommand('sh', ['-e', '-c', fence.text]);
      expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
      const shown = shownOutput(fence);
      if (shown !== undefined) expect(outcome.stdout.trim()).toBe(shown);
    },
  );

  it.each(ofLanguage('sh').filter(isRunElsewhere).flatMap(commandsOf))('%s is run elsewhere', (command) => {
    const words = command.replace(/^npx /, '').split(' ');
    const pattern = new RegExp(words.map((word) => `['", ]*${word}`).join(''));
    expect(readFileSync(join(ROOT, RUN_ELSEWHERE.get(command) ?? ''), 'utf8')).toMatch(pattern);
  });

  it('have examples in TypeScript that compile, strictly', () => {
    const folder = join(ROOT, 'node_modules/.cache/readme-examples');
    mkdirSync(folder, { recursive: true });
    const files = ofLanguage('ts').map(({ text }, index) => {
      const file = join(folder, `${index}.mts`);
      writeFileSync(file, text);
      return file;
    });
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      types: ['node'],
    });
    const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      const fence = ofLanguage('ts')[files.indexOf(file?.fileName ?? '')];
      return `${fence?.document ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
    rmSync(folder, { recursive: true });
    expect(files.length).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });

  it.each(ofLanguage('json'))('$document: its JSON is JSON', ({ text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});
