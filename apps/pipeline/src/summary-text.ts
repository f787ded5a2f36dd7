/** `key: value` lines for a terminal, nested values indented. */
export function summaryText(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    return value.map((item) => `${indent}- ${summaryText(item, `${indent}  `).trimStart()}`).join('\n');
  }
  if (typeof value !== 'object' || value === null) return `${indent}${String(value)}`;
  return Object.entries(value)
    .map(([key, member]: [string, unknown]) =>
      isEmpty(member) || typeof member !== 'object' || member === null
        ? `${indent}${key}: ${isEmpty(member) ? 'none' : String(member)}`
        : `${indent}${key}:\n${summaryText(member, `${indent}  `)}`,
    )
    .join('\n');
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
