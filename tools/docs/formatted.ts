import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

/** Markdown as the repository's formatter leaves it, so that a page that was made passes its check. */
export async function formatted(markdown: string, root: string): Promise<string> {
  const settings = await resolveConfig(join(root, 'docs/page.md'));
  return format(markdown, { ...settings, parser: 'markdown' });
}
