import type { ChangeRule, CleanReport, DropCode } from '@flexattn/data-prep';
import { html, type Html } from './html.js';
import { grouped, percent } from './numbers.js';

/** Counts of a cleaning: samples in, kept, and by name what was changed and why samples were dropped. */
export type CleanCounts = Pick<CleanReport, 'samples' | 'kept' | 'changed' | 'dropped'>;

/** What the names of the counts mean. */
const MEANINGS: Record<ChangeRule | DropCode, string> = {
  EXTENSION_FIXED: 'the picture has another extension than the sample said',
  TAG_ADDED: 'the picture had no <image> tag: one was put at the front',
  TAG_MOVED: 'the <image> tag stood elsewhere, or with other white space',
  TAGS_MERGED: 'several <image> tags: one is left, at the front',
  PLACEHOLDER_ADDED: 'no picture: a tag for the blank one that the trainer shows',
  SAMPLE_TOO_LARGE: 'larger than a sample may be',
  TOO_DEEP: 'nested too deeply',
  INVALID_UTF8: 'not UTF-8',
  DUPLICATE_KEY: 'a key stands twice',
  PROTO_KEY: 'a key named __proto__',
  LONE_SURROGATE: 'half of a surrogate pair in a text',
  BAD_SHAPE: 'not the shape of a LLaVA sample',
  PATH_ESCAPE: 'the picture’s path leaves the image folder',
  IMAGE_MISSING: 'no picture under any known extension',
  IMAGE_UNREADABLE: 'the picture could not be read',
  IMAGE_EMPTY: 'the picture’s file is empty',
  IMAGE_UNKNOWN: 'the file is not a picture of a known kind',
  IMAGE_CORRUPT: 'the picture cannot be decoded',
  IMAGE_TOO_LARGE: 'the picture is larger than the decoder allows',
  TEXT_ONLY: 'no picture, and such samples were not wanted',
  NO_HUMAN_TURN: 'nobody asks anything',
  DUPLICATE: 'the same as an earlier sample',
  OVER_LIMIT: 'more samples than were wanted',
};

/** What became of the raw annotations. */
export function cleanSection({ samples, kept, changed, dropped }: CleanCounts): Html {
  const share = samples === 0 ? '' : ` (${percent(kept / samples)} %)`;
  return html`<section id="cleaning" aria-labelledby="cleaning-title">
    <h2 id="cleaning-title">Training data</h2>
    <p>
      Of ${grouped(samples)} raw samples <b>${grouped(kept)}</b> were kept${share} and
      <b>${grouped(samples - kept)}</b> dropped. A kept sample may have been changed by more than one rule.
    </p>
    <div class="columns">
      ${countTable('Kept, but changed', 'Rule', changed)} ${countTable('Dropped', 'Reason', dropped)}
    </div>
  </section>`;
}

function countTable(
  caption: string,
  heading: string,
  counts: Partial<Record<ChangeRule | DropCode, number>>,
): Html {
  const names = Object.keys(MEANINGS) as (ChangeRule | DropCode)[];
  const entries = names
    .map((name): [ChangeRule | DropCode, number] => [name, counts[name] ?? 0])
    .filter(([, count]) => count > 0)
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  if (entries.length === 0) return html`<p>${caption}: none.</p>`;
  return html`<div class="scroll" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">${heading}</th>
          <th scope="col">Samples</th>
        </tr>
      </thead>
      <tbody>
        ${entries.map(
          ([name, count]) =>
            html`<tr>
              <th scope="row"><code>${name}</code> <span class="meaning">${MEANINGS[name]}</span></th>
              <td>${grouped(count)}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}
