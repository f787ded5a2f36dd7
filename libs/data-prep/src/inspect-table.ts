import type { InspectReport, ShownSample } from './inspect-tally.js';
import { printable } from './sheet-text.js';

/** The report as lines for a terminal. */
export function formatInspectReport(report: InspectReport): string {
  const { samples, textOnly, turns, longest, shown = [] } = report;
  const unusable = Object.values(report.unusable).reduce((sum, count) => sum + count, 0);
  const rows: [string, string][] = [
    ['samples', `${samples}, of them ${textOnly} text only, ${unusable} unusable`],
    ['unusable', listOf(report.unusable)],
    ['turns', `${turns.total}, ${turns.fewest} to ${turns.most} a sample: ${listOf(turns.speakers)}`],
    ['image tags', listOf(report.tags)],
    ['sources', listOf(report.sources)],
    ['extensions', listOf(report.extensions)],
    ['image names in', listOf(report.scripts)],
  ];
  if (report.images !== undefined) rows.push(['images', listOf(report.images)]);
  if (longest !== undefined) {
    const of = longest.turns === undefined ? 'unusable' : `${longest.turns} turns`;
    rows.push(['longest sample', `${longest.bytes} bytes, ${of}, number ${longest.index} (from 0)`]);
  }
  return [...rows, ...shown.map(rowOf)].map(([name, text]) => name.padEnd(16) + printable(text)).join('\n');
}

/** A sample on the sheet. */
function rowOf({ index, id, problem, question }: ShownSample): [string, string] {
  return ['on the sheet', `${index} (id ${id})${problem === undefined ? '' : ` ${problem}`}: ${question}`];
}

function listOf(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return entries.length === 0 ? 'none' : entries.join(', ');
}
