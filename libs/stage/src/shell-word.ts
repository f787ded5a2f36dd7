const ESCAPES: Record<string, string> = { '\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r' };

/** One word of bash, whatever it holds, on one line: a line of it could pass for one of Slurm's own. */
export function shellWord(text: string): string {
  if (!/[\n\r]/.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return `$'${text.replace(/[\\'\n\r]/g, (character) => ESCAPES[character] ?? '')}'`;
}
