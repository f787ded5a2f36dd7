import type { Drop, DropCode } from './codes.js';
import type { ImageFinding, ImageProblem } from './image-finding.js';
import { placeTag } from './image-tag.js';
import { MAX_NAME_LENGTH, MAX_SOURCES } from './limits.js';
import { scriptsOf } from './name-scripts.js';
import { folderOf } from './outcome.js';
import type { Sample } from './sample.js';

/** What is in an annotation file. Counts are of samples, unless they say something else. */
export interface InspectReport {
  samples: number;
  /** Samples that no trainer could read, by the code that cleaning drops them with; only `longest` looks at them. */
  unusable: Partial<Record<DropCode, number>>;
  textOnly: number;
  turns: { total: number; fewest: number; most: number; speakers: Record<string, number> };
  /** Of samples with an image: `in place`, or what cleaning would do (`TAG_MOVED`, `TAGS_MERGED`, `TAG_ADDED`). */
  tags: Record<string, number>;
  /** By folder of the image, its first two parts. */
  sources: Record<string, number>;
  extensions: Record<string, number>;
  /** By script of the image's name; a name in two counts under both. */
  scripts: Record<string, number>;
  longest?: LongestSample;
  /** With an image root: `found`, `found under another extension`, or the code that cleaning drops the sample with. */
  images?: Record<string, number>;
  /** With a sheet: what it shows, in its order. */
  shown?: ShownSample[];
}

/** The sample with most bytes. */
export interface LongestSample {
  /** Its place among the samples of the file, from 0. */
  index: number;
  bytes: number;
  /** Undefined where it is unusable. */
  turns: number | undefined;
}

/** A sample on the sheet. */
export interface ShownSample {
  index: number;
  id: string;
  image?: string;
  /** The first human turn without tags, shortened. */
  question: string;
  problem?: ImageProblem['problem'];
}

/** Counts what is in samples. Memory: one number a source folder and extension, of at most `MAX_SOURCES` each. */
export class InspectTally {
  #samples = 0;
  #textOnly = 0;
  #turns = { total: 0, fewest: Infinity, most: 0 };
  #longest: LongestSample | undefined;
  readonly #unusable = new Map<string, number>();
  readonly #speakers = new Map<string, number>();
  readonly #tags = new Map<string, number>();
  readonly #sources = new Map<string, number>();
  readonly #extensions = new Map<string, number>();
  readonly #scripts = new Map<string, number>();
  readonly #images = new Map<string, number>();

  /** Counts one sample that cannot be used. */
  addUnusable({ code }: Drop, index: number, bytes: number): void {
    this.#addAny(index, bytes, undefined);
    count(this.#unusable, code);
  }

  /** Counts one sample; `finding` is what its image is, where that was looked up. */
  add({ image, conversations }: Sample, index: number, bytes: number, finding?: ImageFinding): void {
    const { length } = conversations;
    this.#addAny(index, bytes, length);
    this.#turns.total += length;
    this.#turns.fewest = Math.min(this.#turns.fewest, length);
    this.#turns.most = Math.max(this.#turns.most, length);
    for (const { from } of conversations) count(this.#speakers, from);
    if (image === undefined) {
      this.#textOnly += 1;
      return;
    }
    const tagged = placeTag(conversations);
    count(this.#tags, tagged === undefined ? 'NO_HUMAN_TURN' : (tagged.rule ?? 'in place'));
    this.#addName(image.slice(0, MAX_NAME_LENGTH));
    if (finding !== undefined) count(this.#images, outcomeOf(finding, image));
  }

  /** The counts so far; names in the order of their characters. */
  report(): InspectReport {
    const { total, fewest, most } = this.#turns;
    return {
      samples: this.#samples,
      unusable: sorted(this.#unusable),
      textOnly: this.#textOnly,
      turns: { total, fewest: total === 0 ? 0 : fewest, most, speakers: sorted(this.#speakers) },
      tags: sorted(this.#tags),
      sources: sorted(this.#sources),
      extensions: sorted(this.#extensions),
      scripts: sorted(this.#scripts),
      ...(this.#longest === undefined ? {} : { longest: this.#longest }),
      ...(this.#images.size === 0 ? {} : { images: sorted(this.#images) }),
    };
  }

  #addAny(index: number, bytes: number, turns: number | undefined): void {
    this.#samples += 1;
    if (this.#longest === undefined || bytes > this.#longest.bytes) this.#longest = { index, bytes, turns };
  }

  #addName(name: string): void {
    count(this.#sources, folderOf(name));
    count(this.#extensions, /[^./\\]\.(\w{1,10})$/.exec(name)?.[1] ?? 'none');
    for (const script of scriptsOf(name)) count(this.#scripts, script);
  }
}

function outcomeOf(finding: ImageFinding, name: string): string {
  if ('problem' in finding) return finding.problem;
  return finding.found === name ? 'found' : 'found under another extension';
}

/** Names come from the file, so there is a bound on how many are told apart. */
function count(counts: Map<string, number>, name: string): void {
  const key = counts.has(name) || counts.size < MAX_SOURCES ? name : 'other';
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
