import { collectErrorCodes, type ErrorCode, type ErrorFamily } from './error-codes.js';
import { formatted } from './formatted.js';

const HEAD = `# Error codes

Every message says what, where, expected and got, what to do, and a code. Here is what each code means, what to do about it,
and the words it comes with (\`<name>\` stands for a value). \`exit\` is the exit code of a command that ends with it. An item
of a benchmark that has a code is recorded, counted and shown; it ends no run. What can be wrong with one training sample
is a drop code of [\`@flexattn/data-prep\`](../libs/data-prep/README.md).

| exit     | meaning                            |
| -------- | ---------------------------------- |
| 0        | done                               |
| 1        | a check did not hold               |
| 2        | bad input or configuration         |
| 70       | a bug, or a program that failed    |
| 74       | input or output failed             |
| 75       | another process works here         |
| 130, 143 | stopped by a signal                |

Made from the sources by \`node tools/dist/docs/errors.js > docs/errors.md\`.`;

/** \`docs/errors.md\`, from the sources below \`root\`. */
export async function errorPage(root: string): Promise<string> {
  return formatted([HEAD, ...collectErrorCodes(root).map(chapter)].join('\n\n'), root);
}

function chapter({ className, room, codes }: ErrorFamily): string {
  const name = room.replace(/^\w+\//, '@flexattn/');
  return `## ${name}: \`${className}\`\n\n${codes.map(entry).join('\n')}`;
}

function entry({ code, meaning, remedies, messages, exitCodes }: ErrorCode): string {
  const lines = [`- \`${code}\` (exit ${exitCodes.join(' or ')}): ${escaped(meaning)}`];
  lines.push(`  - do: ${remedies.map(escaped).join(' · ')}`);
  if (messages.length > 0) lines.push(`  - says: ${messages.map(quoted).join(' · ')}`);
  return lines.join('\n');
}

/** Text between back quotes stays as it is; elsewhere what Markdown would read as its own is taken as text. */
const escaped = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[<>*_[\]]/g, '\\$&')))
    .join('');

const quoted = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);
