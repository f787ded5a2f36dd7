import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  uses?: string;
  run?: string;
  if?: string;
  with?: Record<string, unknown>;
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<
    string,
    { permissions?: Record<string, string>; strategy?: { matrix: { node: number[] } }; steps: Step[] }
  >;
}

interface LockedPackage {
  name?: string;
  version?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}

const root = new URL('../../../', import.meta.url);
const folder = new URL('.github/workflows/', root);
const textOf = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const readWorkflow = (file: string) => parse(textOf(file), { strict: true, uniqueKeys: true }) as Workflow;
const stepsOf = ({ jobs }: Workflow) => Object.values(jobs).flatMap((job) => job.steps);
const readPackage = <T>(file: string) => JSON.parse(readFileSync(new URL(file, root), 'utf8')) as T;

const files = readdirSync(folder);
const workflow = readWorkflow('ci.yml');
const steps = stepsOf(workflow);
const lock = readPackage<{ packages: Record<string, LockedPackage> }>('package-lock.json');

describe('the GitHub workflow', () => {
  it('runs on Node 20, 22 and 24', () => {
    expect(workflow.jobs['affected']?.strategy?.matrix.node).toEqual([20, 22, 24]);
  });

  it('checks, tests and evaluates what a change affects, against the right base', () => {
    expect(steps.map(({ run }) => run)).toContain('npx nx affected -t check test eval');
    expect(steps.some(({ uses }) => uses?.startsWith('nrwl/nx-set-shas@'))).toBe(true);
    const checkout = steps.find(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkout?.with?.['fetch-depth']).toBe(0);
  });

  it('ends where the evaluated model is worse than it has to be', () => {
    const gate = steps.findIndex(({ run }) => run?.startsWith('npx flexattn compare '));
    expect(gate).toBeGreaterThan(steps.findIndex(({ run }) => run?.includes('nx affected')));
    expect(steps[gate]?.run).toMatch(/runs\/tiny\/eval\/flexattn --fail-below \w+=0\.\d+/);
  });

  it('shows the scores in the job summary, also where the gate failed', () => {
    const summary = steps.find(({ run }) => run?.startsWith('npx flexattn report --markdown'));
    expect(summary?.run).toContain('>> "$GITHUB_STEP_SUMMARY"');
    expect(summary?.if).toMatch(/^always\(\) && hashFiles\('runs\/tiny\/eval\/summary.json'\) != ''$/);
  });

  it('keeps receipts and the artifacts they name together', () => {
    const cache = steps.find(({ uses }) => uses?.startsWith('actions/cache@'));
    expect(String(cache?.with?.['path']).trim().split('\n')).toEqual([
      '.nx/cache',
      '.nx/workspace-data',
      '.flexattn/store',
      '.flexattn/receipts',
    ]);
  });

  it('asks for known faults of what users install', () => {
    expect(steps.map(({ run }) => run)).toContain('npm audit --omit=dev');
  });

  it('runs no script of a package that it installs', () => {
    const installs = steps.flatMap(({ run = '' }) => (/npm (ci|i|install)\b/.test(run) ? [run] : []));
    expect(installs).toEqual(['npm ci --ignore-scripts']);
  });

  it('has no right to write', () => {
    const rights = Object.values(workflow.jobs).flatMap(({ permissions = {} }) => Object.values(permissions));
    expect(new Set(rights)).toEqual(new Set(['read']));
  });
});

describe('the release workflow', () => {
  const release = readWorkflow('release.yml');

  it('attaches a list of all that the packages bring, and has no other right', () => {
    const runs = stepsOf(release).map(({ run }) => run);
    expect(runs).toContain('npm run --silent sbom > flexattn.cdx.json');
    expect(runs).toContain('gh release upload "$TAG" flexattn.cdx.json --clobber');
    expect(Object.values(release.jobs).map(({ permissions }) => permissions)).toEqual([
      { contents: 'write' },
    ]);
  });

  it('installs and runs nothing of others', () => {
    expect(textOf('release.yml')).not.toMatch(/npm (ci|i|install)\b|npx/);
  });
});

describe.each(files)('%s', (file) => {
  const one = readWorkflow(file);

  it('names every action by its commit, and the version of that', () => {
    const lines = textOf(file)
      .split('\n')
      .filter((line) => /^\s*(- )?uses:/.test(line));
    expect(lines).toHaveLength(stepsOf(one).filter(({ uses }) => uses !== undefined).length);
    for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('gives each job what it needs, and nothing by default', () => {
    expect(one.permissions).toEqual({});
    for (const { permissions } of Object.values(one.jobs)) expect(permissions).toBeDefined();
  });

  it('leaves no credentials in the checkout, and no text of others in a command', () => {
    const checkouts = stepsOf(one).filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    for (const checkout of checkouts) expect(checkout.with?.['persist-credentials']).toBe(false);
    expect(checkouts.length).toBeGreaterThan(0);
    for (const { run = '' } of stepsOf(one)) expect(run).not.toContain('${{');
  });
});

it('one action has one commit', () => {
  const used = files.flatMap((file) => stepsOf(readWorkflow(file)).flatMap(({ uses }) => uses ?? []));
  const names = new Set(used.map((uses) => uses.split('@')[0]));
  expect(new Set(used).size).toBe(names.size);
});

describe('what packages bring', () => {
  it('is decided for each install script: none is needed', () => {
    const { allowScripts } = readPackage<{ allowScripts: Record<string, boolean> }>('package.json');
    const names = Object.entries(lock.packages).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript === true ? [path.replace(/^.*node_modules\//, '')] : [],
    );
    expect(allowScripts).toEqual(Object.fromEntries(names.map((name) => [name, false])));
  });

  it('is listed by `npm run sbom`, every package that users install', () => {
    const options = { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' } as const;
    const text = execFileSync('npm', ['run', '--silent', 'sbom'], { ...options, maxBuffer: 1e7 });
    const sbom = JSON.parse(text) as { bomFormat: string; components: { purl: string }[] };
    expect(sbom.bomFormat).toBe('CycloneDX');
    const listed = new Set(sbom.components.map(({ purl }) => decodeURIComponent(purl.split('?')[0] ?? '')));
    const installed = Object.entries(lock.packages).flatMap(([path, { name, version = '', dev, link }]) =>
      path === '' || dev === true || link === true
        ? []
        : [`pkg:npm/${name ?? path.replace(/^.*node_modules\//, '')}@${version}`],
    );
    expect(installed.length).toBeGreaterThan(100);
    expect(installed.filter((one) => !listed.has(one))).toEqual([]);
  });
});
