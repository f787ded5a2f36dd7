import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

/** What keeps a value from fitting a schema. */
export interface SchemaProblem {
  /** Keys and indices down to what is wrong. */
  path: string[];
  /** Expected and got; of an unknown key the nearest known one. */
  what: string;
}

type Issue = z.core.$ZodIssue;
type Node = z.core.JSONSchema.BaseSchema;

/** The first problem of a value that a schema refused; a key that nobody knows comes before one that is missing. */
export function schemaProblem(schema: z.ZodType, value: unknown, error: z.ZodError): SchemaProblem {
  const issues = error.issues.map(innermost);
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) return { path: [], what: 'unexpected content' };
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return { path: [...path, key], what: unknownKey(key, knownKeys(schema, path)) };
  }
  // The library names the type that it got, and leaves out the value where a type is not all that is wrong.
  const got = /received/.test(issue.message) ? '' : `, got ${quoted(valueAt(value, issue.path))}`;
  return { path, what: `${issue.message}${got}` };
}

/** Of alternatives, the one that fits further: a misspelt key says more than that an object is no string. */
function innermost(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const isUnknownKey = ({ code }: Issue) => code === 'unrecognized_keys';
  const branches = issue.errors.map((errors) => errors.map(innermost));
  const branch = branches.find((errors) => errors.some((one) => one.path.length > 0 || isUnknownKey(one)));
  const inner = branch?.find(isUnknownKey) ?? branch?.[0];
  return inner === undefined ? issue : { ...inner, path: [...issue.path, ...inner.path] };
}

function unknownKey(key: string, known: readonly string[]): string {
  const found = `unknown key ${quoted(key)}`;
  if (known.length === 0) return found;
  const nearest = closest(key, [...known]);
  const isSlip = distance(key.toLowerCase(), nearest.toLowerCase()) <= Math.ceil(nearest.length / 3);
  return isSlip
    ? `${found}: did you mean ${quoted(nearest)}?`
    : `${found}: expected one of ${known.join(', ')}`;
}

/** The keys that the schema knows at a path. */
function knownKeys(schema: z.ZodType, path: readonly string[]): string[] {
  const root = schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as Node;
  const nodes = path.reduce((at, key) => at.flatMap((node) => below(node, key)), alternatives(root));
  return [...new Set(nodes.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

function below(node: Node, key: string): Node[] {
  const next =
    node.properties?.[key] ?? (/^\d+$/.test(key) ? node.items : undefined) ?? node.additionalProperties;
  return typeof next === 'object' && !Array.isArray(next) ? alternatives(next) : [];
}

function alternatives(node: Node): Node[] {
  const inner = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])] as Node[];
  return [node, ...inner.flatMap(alternatives)];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/** At most 60 characters of the value's JSON. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
