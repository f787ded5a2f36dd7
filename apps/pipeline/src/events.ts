import { z } from 'zod';
import { FlexattnError, tellEventsTo } from '@flexattn/stage';

const base = z.looseObject({});

/**
 * What a command with `--json` prints, an object a line: `result` and `preview` on standard output, the others on
 * standard error. docs/events.md tells the same in words.
 */
export const eventSchema = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('note'), text: z.string() }),
  z.strictObject({
    event: z.literal('progress'),
    label: z.string(),
    unit: z.string(),
    done: z.number().nonnegative(),
    total: z.number().nonnegative().optional(),
    seconds: z.number().nonnegative(),
    detail: z.string().optional(),
    finished: z.boolean(),
  }),
  z.strictObject({
    event: z.literal('error'),
    code: z.string(),
    message: z.string(),
    exitCode: z.number().int(),
    file: z.string().optional(),
    item: z.string().optional(),
    hint: z.string().optional(),
  }),
  base.extend({ event: z.literal('result') }),
  base.extend({ event: z.literal('preview') }),
]);

/** The JSON schema of a line (configs/events.schema.json). */
export function eventsJsonSchema(): object {
  return { title: 'A line that flexattn prints with --json', ...z.toJSONSchema(eventSchema) };
}

/** From now on this process tells what it does as events on standard error, or again as lines for people. */
export function tellAsEvents(asEvents: boolean): void {
  isTelling = asEvents;
  tellEventsTo(asEvents ? (event) => void process.stderr.write(`${JSON.stringify(event)}\n`) : undefined);
}

let isTelling = false;

/** How an error ends a command: its line for people, or the event where events were asked for. */
export function errorLine(error: unknown, { line, exitCode }: { line: string; exitCode: number }): string {
  if (!isTelling) return line;
  const failure: Pick<FlexattnError, 'code' | 'message' | 'file' | 'item' | 'hint'> =
    error instanceof FlexattnError
      ? error
      : { code: 'BUG', message: line, file: undefined, item: undefined, hint: undefined };
  const { code, message, file, item, hint } = failure;
  return JSON.stringify({ event: 'error', code, message, exitCode, file, item, hint });
}

/** What a command found or did, or with `preview` would do, as a line of standard output. */
export function resultLine(value: object, event: 'result' | 'preview' = 'result'): string {
  return `${JSON.stringify({ event, ...value })}\n`;
}
