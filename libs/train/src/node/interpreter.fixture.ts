import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const workspaceInterpreter = fileURLToPath(
  new URL('../../../../.flexattn/python/bin/python', import.meta.url),
);

/** The interpreter that tests train with. Its absence fails them: a trainer that nothing has run is not tested. */
export function testInterpreter(): string {
  const named = process.env['FLEXATTN_PYTHON'];
  if (named !== undefined && named !== '') return named;
  if (existsSync(workspaceInterpreter)) return workspaceInterpreter;
  throw new Error(
    `these tests need a Python with torch: set FLEXATTN_PYTHON, or make ${workspaceInterpreter} (npx nx run train:python-env)`,
  );
}
