import { costPage } from './cost-page.js';

// Prints docs/cost.md; run from the root.
process.stdout.write(await costPage(process.cwd()));
