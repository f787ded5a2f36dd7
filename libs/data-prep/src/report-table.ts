import type { CleanReport, SampleCounts } from './report.js';

/** The report as a table for a terminal: a line a source and one for all, then what was changed and dropped. */
export function formatCleanReport(report: CleanReport): string {
  const sources = Object.entries(report.sources);
  const width = Math.max(...['source', ...sources.map(([name]) => name)].map((name) => name.length));
  const row = (name: string, cells: readonly (string | number)[]) =>
    name.padEnd(width) + cells.map((cell) => String(cell).padStart(11)).join('');
  const counts = ({ samples, kept, untouched }: SampleCounts) => [samples, kept, untouched, samples - kept];
  return [
    row('source', ['samples', 'kept', 'untouched', 'dropped']),
    ...sources.map(([name, source]) => row(name, counts(source))),
    row('all', counts(report)),
    `changed: ${listOf(report.changed)}`,
    `dropped: ${listOf(report.dropped)}`,
    `other bytes than the extension says: ${listOf(report.mislabelled)}`,
  ].join('\n');
}

function listOf(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return entries.length === 0 ? 'none' : entries.join(', ');
}
