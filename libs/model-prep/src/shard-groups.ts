import { naturalOrder } from './natural-order.js';

/** In natural order of names, as many in a group as fit; one that is larger has a group of its own. */
export function groupBySize<T extends { name: string; byteLength: number }>(
  tensors: readonly T[],
  maxBytes: number,
): T[][] {
  const groups: T[][] = [];
  let bytes = Infinity;
  for (const tensor of [...tensors].sort((a, b) => naturalOrder(a.name, b.name))) {
    bytes += tensor.byteLength;
    if (bytes > maxBytes) {
      groups.push([]);
      bytes = tensor.byteLength;
    }
    groups.at(-1)?.push(tensor);
  }
  return groups;
}
