import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRevisions, comparisonText, type RevisionComparison } from './compare.js';

/** A benchmark that "measures" what a file of its own package says, and leaves a mark each time it runs. */
const FAKE = `
const { appendFileSync } = require('node:fs');
const seconds = require('@flexattn/fake');
const dependency = require('dependency');
const [name, log] = process.argv.slice(2);
appendFileSync(log, process.cwd().endsWith('compared-revision') ? 'A' : 'B');
if (name === 'broken') process.exit(7);
const results = Object.entries(seconds).map(([work, ours]) => ({ work, unit: 's', ours, against: dependency }));
process.send(results, () => process.disconnect());
`;

let root: string;
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'pipe' });
const measured = (works: object) =>
  writeFileSync(join(root, 'libs/fake/index.js'), `module.exports = ${JSON.stringify(works)};`);

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'flexattn-compare-'));
  for (const folder of ['tools/dist/bench', 'libs/fake', 'node_modules/@flexattn', 'node_modules/dependency'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'tools/dist/bench/run-one.js'), FAKE);
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(
    join(root, 'package-lock.json'),
    '{"packages": {"": {}, "node_modules/dependency": {"version": "1"}}}',
  );
  writeFileSync(join(root, '.gitignore'), 'node_modules/\n.flexattn/\n');
  writeFileSync(join(root, 'node_modules/dependency/index.js'), "module.exports = 'a baseline';");
  symlinkSync('../../libs/fake', join(root, 'node_modules/@flexattn/fake'));
  measured({ same: 1, slower: 1, gone: 1 });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('-c', 'user.name=a', '-c', 'user.email=a@localhost', 'commit', '--quiet', '-m', 'first');
  measured({ same: 1, slower: 1.3, added: 1 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function comparison(overrides: Partial<RevisionComparison> = {}): {
  options: RevisionComparison;
  log: string;
} {
  const log = join(root, '.flexattn', `ran-${Math.random()}`);
  const options = {
    ...{ root, ref: 'main', rounds: 3, benchmarks: [{ name: 'fake', args: [log] }] },
    ...{ build: () => Promise.resolve(), tell: () => undefined, signal: new AbortController().signal },
    ...overrides,
  };
  return { options, log };
}

/** What a comparison leaves behind. */
const leftover = () => readdirSync(join(root, '.flexattn')).filter((name) => !name.startsWith('ran-'));

describe('compareRevisions', () => {
  it('runs both revisions in turns, each with its own packages, and tells what is slower', async () => {
    const { options, log } = comparison();
    const works = await compareRevisions(options);
    expect(readFileSync(log, 'utf8')).toBe('ABABAB');
    expect(works.map(({ work, ratio, isSignificant }) => [work, ratio.toFixed(2), isSignificant])).toEqual([
      ['same', '1.00', false],
      ['slower', '1.30', true],
    ]);
    expect(comparisonText('main', works)).toMatch(
      /^slower +1 s +1\.3 s +1\.3 \(1\.3 to 1\.3\) +3 {2}SLOWER$/m,
    );
    expect(leftover()).toEqual([]);
    expect(git('worktree', 'list').toString().trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['a revision that is none', { ref: 'nothing' }, /nothing/],
    [
      'a benchmark that fails',
      { benchmarks: [{ name: 'broken', args: ['/dev/null'] }] },
      /broken ended with exit code 7/,
    ],
    ['a build that fails', { build: () => Promise.reject(new Error('no build')) }, /no build/],
  ])('leaves nothing behind after %s', async (_, overrides, message) => {
    await expect(compareRevisions(comparison(overrides).options)).rejects.toThrow(message);
    expect(leftover()).toEqual([]);
  });

  it('leaves nothing behind when it is stopped, and takes away what a killed one left', async () => {
    mkdirSync(join(root, '.flexattn/compared-revision/half'), { recursive: true });
    const stop = new AbortController();
    const build = (checkout: string) => {
      expect(existsSync(join(checkout, 'half'))).toBe(false);
      stop.abort(new Error('stopped by hand'));
      return Promise.resolve();
    };
    await expect(compareRevisions(comparison({ signal: stop.signal, build }).options)).rejects.toThrow(
      'stopped by hand',
    );
    expect(leftover()).toEqual([]);
  });
});
