import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** What a stage did, without clock, host or absolute path: the same work gives the same receipt anywhere. */
export interface Receipt {
  stage: string;
  /** SHA-256 of all that decides the result: stage, inputs, parameters, tools. */
  key: string;
  /** What was read, by role: SHA-256 of its bytes. */
  inputs: Record<string, string>;
  parameters: Record<string, Json>;
  /** Versions and code hashes of what did the work. */
  tools: Record<string, string>;
  files: { path: string; size: number; sha256: string }[];
  /** What the stage says of its work: counts, losses; shown to people. */
  summary: Json;
  /** SHA-256 of all the fields above as canonical JSON: a receipt that was damaged or edited is none. */
  sha256: string;
}

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
  if (!isReceipt(value)) return undefined;
  const { sha256, ...content } = value;
  return sha256 === hashOf(content) && value.key === receiptKey(value) ? value : undefined;
}

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isHash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isSize: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isAny: Check = () => true;
const recordOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
const objectOf =
  (fields: Record<string, Check>): Check =>
  (value) =>
    isObject(value) &&
    Object.keys(value).length === Object.keys(fields).length &&
    Object.entries(fields).every(([name, check]) => check(value[name]));

const isFile = objectOf({ path: isText, size: isSize, sha256: isHash });

/** By hand: a schema library takes 0.1 s to load, and Nx waits for every fingerprint that reads a receipt. */
const hasReceiptFields = objectOf({
  stage: isText,
  key: isHash,
  inputs: recordOf(isHash),
  parameters: recordOf(isAny),
  tools: recordOf(isText),
  files: (value) => Array.isArray(value) && value.every(isFile),
  summary: isAny,
  sha256: isHash,
});

function isReceipt(value: unknown): value is Receipt {
  return hasReceiptFields(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
