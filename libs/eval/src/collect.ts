import { FlexattnError } from '@flexattn/stage';
import { EvalError } from './errors.js';
import type { Published } from './benchmark.js';
import type { Item, Loaded, Reject } from './item.js';

/** Marks a picture in a prompt; in a question or an option it would add one. */
const IMAGE_TAG = '<image>';

/** A benchmark's items that can be asked, and its rejects, in the order of the files. */
export interface Collected {
  items: Item[];
  rejects: Reject[];
}

/** Gathers what a loader yields; an id that came before, and text with an image tag, become rejects. */
export async function collectItems(loaded: AsyncIterable<Loaded>): Promise<Collected> {
  const items = new Map<string, Item>();
  const rejects: Reject[] = [];
  for await (const one of loaded) {
    if ('reject' in one) {
      rejects.push(one.reject);
      continue;
    }
    const { item } = one;
    const fault = faultOf(item, items);
    if (fault === undefined) items.set(item.id, item);
    else rejects.push(rejectOf(item.id, item.benchmark, fault));
  }
  return { items: [...items.values()], rejects };
}

/** Makes an item, or the reject that says why there is none. Other errors than ours are not caught. */
export function loadedOf(id: string, benchmark: string, make: () => Item): Loaded {
  try {
    return { item: make() };
  } catch (error) {
    if (error instanceof EvalError) return { reject: rejectOf(id, benchmark, error) };
    if (error instanceof FlexattnError && error.code === 'PATH_ESCAPE') {
      const outside = new EvalError('PICTURE_OUTSIDE', error.message, { item: id, cause: error });
      return { reject: rejectOf(id, benchmark, outside) };
    }
    throw error;
  }
}

/** An item's error as a line of rejects.jsonl. */
export function rejectOf(id: string, benchmark: string, error: EvalError): Reject {
  return { id, benchmark, code: error.code as Reject['code'], message: error.message };
}

/** What differs from the published benchmark, as one sentence each; a smaller copy is no error. */
export function countWarnings(name: string, published: Published, { items, rejects }: Collected): string[] {
  const found = items.length + rejects.length;
  const targets = published.targets;
  const others = items.filter((item) => item.targets.length !== (targets ?? item.targets.length)).length;
  const ids = [...items, ...rejects].map(({ id }) => id);
  const sizes = [
    { what: name, has: found, expected: published.items ?? found },
    ...Object.entries(published.parts ?? {}).map(([part, size]) => ({
      what: `${name}, ${part}`,
      has: ids.filter((id) => id.startsWith(`${name}/${part}/`)).length,
      expected: size,
    })),
  ].filter(({ has, expected }) => has !== expected);
  return [
    // Where the whole differs, its parts do too.
    ...sizes
      .slice(0, found === (published.items ?? found) ? undefined : 1)
      .map(
        ({ what, has, expected }) =>
          `${what}: ${has} items, the published benchmark has ${expected}: scores do not compare`,
      ),
    ...(others === 0
      ? []
      : [`${name}: ${others} of ${found} items have another number of answers than ${targets ?? 0}`]),
  ];
}

/** Numbers of rejects by code, codes in alphabetical order. */
export function countCodes(faults: readonly { code: string }[]): Record<string, number> {
  const codes = faults.map(({ code }) => code).sort();
  return Object.fromEntries(codes.map((code) => [code, codes.lastIndexOf(code) - codes.indexOf(code) + 1]));
}

function faultOf(
  { id, question, publishedPrompt = '', options }: Item,
  before: ReadonlyMap<string, Item>,
): EvalError | undefined {
  if (before.has(id)) {
    return new EvalError('DUPLICATE_ID', 'this id came before; the first item keeps it', {
      item: id,
      hint: 'give each question an id of its own',
    });
  }
  if ([question, publishedPrompt, ...options].some((text) => text.includes(IMAGE_TAG))) {
    return new EvalError('IMAGE_TAG_IN_TEXT', `"${IMAGE_TAG}" in the question or an option`, {
      item: id,
      hint: 'take the tag out: it stands for a picture',
    });
  }
  return undefined;
}
