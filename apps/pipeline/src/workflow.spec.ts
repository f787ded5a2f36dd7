import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<
    string,
    {
      strategy: { matrix: { node: number[] } };
      steps: { uses?: string; run?: string; if?: string; with?: Record<string, unknown> }[];
    }
  >;
}

const workflow = parse(readFileSync(new URL('../../../.github/workflows/ci.yml', import.meta.url), 'utf8'), {
  strict: true,
  uniqueKeys: true,
}) as Workflow;
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

describe('the GitHub workflow', () => {
  it('runs on Node 20, 22 and 24', () => {
    expect(Object.values(workflow.jobs).map((job) => job.strategy.matrix.node)).toEqual([[20, 22, 24]]);
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

  it('has no right to write', () => {
    expect(Object.values(workflow.permissions)).not.toContain('write');
  });
});
