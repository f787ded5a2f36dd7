import { orderSamples } from '../order-samples.js';
import { sampleData, type Column } from '../sample-data.js';
import type { Samples } from '../sample-section.js';
import { fitPictures } from './fit-pictures.js';

/**
 * Bytes of the page's parts, together with style, script and drawings (0.3 MB) at most 3 MB: what is still sent by mail
 * and opens at once. Pictures get what the others leave, too.
 */
const ROOM = { text: 1_500_000, regions: 400_000, all: 2_700_000 };

/** A larger share than this of one picture would leave too little for the others. */
const MAX_PICTURE_BYTES = 40_000;

export interface SampleSource {
  columns: readonly (Column & { edges: readonly number[] })[];
  /** Of the columns: whose answers are judged, and against whose. */
  judged: string;
  against: string;
  /** The file of a picture as an item names it. */
  pathOf: (image: string) => string;
  /** The folder in which the page will be opened. */
  page: string;
  /** Decides what gets room in the page. */
  seed: number;
}

/** Every item with its answers, regions and picture, as far as there is room for them. */
export async function collectSamples(source: SampleSource): Promise<Samples> {
  const { columns, judged, against, pathOf, page, seed } = source;
  const order = orderSamples(columns.find(({ name }) => name === judged)?.lines ?? [], seed);
  const edges = columns.find((column) => column.edges.length > 0)?.edges ?? [];
  const { data, images, itemsLeftOut, regionsLeftOut } = sampleData(columns, order, { edges, room: ROOM });
  const places = new Map(data.items.map(([id, , , , , , , picture]) => [id, picture]));
  const ranked = [...new Set([...order, ...places.keys()].flatMap((id) => places.get(id) ?? []))];
  const { pictures, referred } = await fitPictures(images, ranked, {
    pathOf,
    page,
    room: ROOM.all - Buffer.byteLength(JSON.stringify(data)) - PATH_BYTES * images.length,
    maxBytes: MAX_PICTURE_BYTES,
  });
  return {
    data: { ...data, pictures },
    judged,
    against,
    leftOut: { items: itemsLeftOut, regions: regionsLeftOut, pictures: referred },
  };
}

/** What the path of a picture takes in the page. */
const PATH_BYTES = 120;
