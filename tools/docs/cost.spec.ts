import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { costPage } from './cost-page.js';

const ROOT = join(import.meta.dirname, '../..');

it('docs/cost.md is what the formulas give', async () => {
  expect(readFileSync(join(ROOT, 'docs/cost.md'), 'utf8')).toBe(await costPage(ROOT));
});
