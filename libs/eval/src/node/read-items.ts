import { dirname, join } from 'node:path';
import { z } from 'zod';
import { EvalError } from '../errors.js';
import type { InferItem, Reject } from '../item.js';
import { readJsonLines } from './json-lines.js';

const shared = { id: z.string().min(1), benchmark: z.string(), image: z.string(), imageSha256: z.string() };
const itemLine = z.union([
  z.object({ ...shared, prompt: z.string(), options: z.array(z.string()), endToken: z.boolean().optional() }),
  z.object({
    ...shared,
    prompt: z.string(),
    maxNewTokens: z.number().int().positive(),
    stretch: z.boolean().optional(),
  }),
]);
const rejectLine = z.object({ id: z.string(), benchmark: z.string(), code: z.string(), message: z.string() });

/** Lines of an items.jsonl by id, in their order. Another content: `BAD_LINE`; an id twice: `ITEMS_STALE`. */
export async function readItems(file: string): Promise<Map<string, InferItem>> {
  const items = new Map<string, InferItem>();
  for await (const { line, value } of readJsonLines(file)) {
    const item = parsedLine(itemLine, value, file, line);
    if (items.has(item.id)) {
      throw new EvalError('ITEMS_STALE', `the item ${item.id} stands twice`, {
        file,
        item: `line ${line}`,
        hint: 'write the items again',
      });
    }
    items.set(item.id, item);
  }
  return items;
}

/** Lines of the rejects.jsonl beside an items.jsonl. */
export async function readRejects(itemsFile: string): Promise<Reject[]> {
  const file = join(dirname(itemsFile), 'rejects.jsonl');
  const rejects: Reject[] = [];
  for await (const { line, value } of readJsonLines(file)) {
    const reject = parsedLine(rejectLine, value, file, line);
    rejects.push({ ...reject, code: reject.code as Reject['code'] });
  }
  return rejects;
}

function parsedLine<T>(schema: z.ZodType<T>, value: unknown, file: string, line: number): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EvalError('BAD_LINE', `not a line of this file: ${parsed.error.issues[0]?.message ?? ''}`, {
    file,
    item: `line ${line}`,
    hint: 'write the items again',
  });
}
