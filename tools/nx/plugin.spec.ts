import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNodesV2 } from './plugin.mjs';
import { STAGES } from './stages.mjs';

const workspaceRoot = resolve(import.meta.dirname, '../..');
const packages = ['libs', 'apps'].flatMap((folder) =>
  readdirSync(resolve(workspaceRoot, folder)).map((name) => `${folder}/${name}/package.json`),
);
const [, createNodes] = createNodesV2;
const nodes = await createNodes([...packages, 'tools/package.json'], undefined, {
  workspaceRoot,
  nxJsonConfiguration: {},
});
const projects = new Map(nodes.flatMap(([, result]) => Object.entries(result.projects ?? {})));

describe('inferred targets', () => {
  it.each(Object.entries(STAGES))(
    '%s is a target of its lib, with one configuration a file in configs/',
    (stage, { project }) => {
      const root = project === 'pipeline' ? 'apps/pipeline' : `libs/${project}`;
      const target = projects.get(root)?.targets?.[stage];
      expect(target?.outputs).toEqual([`{workspaceRoot}/runs/{options.run}/${stage}/receipt.json`]);
      expect(target?.inputs).toContain('{workspaceRoot}/flexattn.lock.json');
      expect(target?.options).toMatchObject({ run: 'tiny' });
      expect(target?.configurations).toMatchObject({
        tiny: { run: 'tiny', config: 'tiny' },
        'llava-v1.5-7b-flexattn': { run: 'llava-v1.5-7b-flexattn', config: 'llava-v1.5-7b-flexattn' },
      });
    },
  );

  it('pipeline:all depends on every stage and is never cached', () => {
    const all = projects.get('apps/pipeline')?.targets?.['all'];
    expect(all?.cache).toBeUndefined();
    const wanted = Object.entries(STAGES).map(([target, { project }]) => ({ projects: project, target }));
    expect(all?.dependsOn).toEqual(expect.arrayContaining(wanted));
  });

  it('a command depends on the code of every step inside it', () => {
    const inputs = (root: string, stage: string) => projects.get(root)?.targets?.[stage]?.inputs;
    expect(inputs('libs/flexattn-runtime', 'infer')).toContainEqual({ input: 'source', projects: ['eval'] });
    expect(inputs('libs/train', 'train')).toContainEqual({
      input: 'source',
      projects: ['data-prep', 'flexattn-runtime'],
    });
    expect(inputs('libs/data-prep', 'clean')).not.toContainEqual(
      expect.objectContaining({ input: 'source' }),
    );
  });

  it('scores are affected by every room that decides them', () => {
    expect(projects.get('libs/eval')?.implicitDependencies).toEqual(
      expect.arrayContaining(['data-prep', 'model-prep', 'train', 'flexattn-runtime', 'configs', 'tools']),
    );
  });

  it('every project has check and test', () => {
    for (const [root, project] of projects) {
      if (root !== 'configs')
        expect(Object.keys(project.targets ?? {}), root).toEqual(expect.arrayContaining(['check', 'test']));
    }
  });
});
