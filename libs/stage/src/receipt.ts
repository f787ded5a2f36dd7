import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from './canonical-json.js';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** The shape of `receipt.json`. */
const receiptSchema = z.strictObject({
  stage: z.string(),
  /** SHA-256 of all that decides the result: stage, inputs, parameters, tools. */
  key: sha256Schema,
  /** What was read, by role: SHA-256 of its bytes. */
  inputs: z.record(z.string(), sha256Schema),
  parameters: z.record(z.string(), z.json()),
  /** Versions and code hashes of what did the work. */
  tools: z.record(z.string(), z.string()),
  files: z.array(
    z.strictObject({ path: z.string(), size: z.number().int().nonnegative(), sha256: sha256Schema }),
  ),
  /** What the stage says of its work: counts, losses; shown to people. */
  summary: z.json(),
  /** SHA-256 of all the fields above as canonical JSON: a receipt that was damaged or edited is none. */
  sha256: sha256Schema,
});

/** What a stage did, without clock, host or absolute path: the same work gives the same receipt anywhere. */
export type Receipt = z.output<typeof receiptSchema>;

/** A JSON value. */
export type Json = z.output<ReturnType<typeof z.json>>;

/** All that decides a stage's result. */
export type StageInputs = Pick<Receipt, 'stage' | 'inputs' | 'parameters' | 'tools'>;

/** The name under which a result is kept. */
export function receiptKey({ stage, inputs, parameters, tools }: StageInputs): string {
  return hashOf({ stage, inputs, parameters, tools });
}

/** Adds the key and the receipt's own hash. */
export function sealReceipt(content: Omit<Receipt, 'key' | 'sha256'>): Receipt {
  const receipt = { ...content, key: receiptKey(content) };
  return { ...receipt, sha256: hashOf(receipt) };
}

/** The receipt in `text`; undefined where it is torn, edited or of another shape. */
export function parseReceipt(text: string): Receipt | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const receipt = receiptSchema.safeParse(value).data;
  if (receipt === undefined) return undefined;
  const { sha256, ...content } = receipt;
  return sha256 === hashOf(content) && receipt.key === receiptKey(receipt) ? receipt : undefined;
}

/** The text of `receipt.json`. */
export function receiptText(receipt: Receipt): string {
  return `${JSON.stringify(receipt, null, 2)}\n`;
}

/** Names what differs between two sets of inputs, for people: "inputs.data". */
export function differences(before: StageInputs, after: StageInputs): string[] {
  const parts = ['inputs', 'parameters', 'tools'] as const;
  return parts.flatMap((part) => {
    const [old, fresh] = [before[part], after[part]].map(
      (members) => new Map(Object.entries(members).map(([name, value]) => [name, canonicalJson(value)])),
    );
    const names = new Set([...(old?.keys() ?? []), ...(fresh?.keys() ?? [])]);
    return [...names]
      .filter((name) => old?.get(name) !== fresh?.get(name))
      .sort()
      .map((name) => `${part}.${name}`);
  });
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
