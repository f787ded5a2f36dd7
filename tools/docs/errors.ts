import { errorPage } from './error-page.js';

// Prints docs/errors.md; run from the root.
process.stdout.write(await errorPage(process.cwd()));
