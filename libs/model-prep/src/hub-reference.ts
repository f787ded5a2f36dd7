import { ModelPrepError } from './errors.js';

/** A model repository of the hub and which version of it. */
export interface HubReference {
  /** `owner/name`. */
  repo: string;
  /** A branch, a tag or a commit; `main` where none was named. */
  revision: string;
}

/** One part of a repository's name, as the hub allows it. */
const NAME = /^[A-Za-z0-9](?:[\w.-]{0,94}\w)?$/;
/** A git reference: nothing that a path or a URL could be changed with. */
const REVISION = /^[A-Za-z0-9][\w./-]{0,254}$/;

/** Is this the reference of a model on the hub, and not a folder? */
export const isHubReference = (text: string): boolean => text.startsWith('hub:');

/** @throws ModelPrepError BAD_HUB_REFERENCE where the text is not `hub:owner/name[@revision]` */
export function parseHubReference(text: string): HubReference {
  const [, owner = '', name = '', revision = 'main'] = /^hub:([^/@]*)\/([^/@]*)(?:@(.*))?$/.exec(text) ?? [];
  const isRepo = [owner, name].every((part) => NAME.test(part) && !/\.\.|--/.test(part));
  if (isRepo && REVISION.test(revision) && !revision.includes('..'))
    return { repo: `${owner}/${name}`, revision };
  throw new ModelPrepError(
    'BAD_HUB_REFERENCE',
    `expected hub:owner/name or hub:owner/name@revision, got "${text}"`,
    {
      hint: 'copy the name from the page of the model',
    },
  );
}
