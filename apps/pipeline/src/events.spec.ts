import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createProgress, StageError, tellLine } from '@flexattn/stage';
import { forgetCommands, runCommand } from './commands/run-command.fixture.js';
import { errorLine, eventSchema, eventsJsonSchema, tellAsEvents } from './events.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'flexattn-events-'))));
afterEach(() => {
  tellAsEvents(false);
  forgetCommands();
  rmSync(folder, { recursive: true });
});

const eventsOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => eventSchema.parse(JSON.parse(line)));

describe('events', () => {
  it('are all that a command prints with --json, and nothing without', async () => {
    writeFileSync(join(folder, 'mix.json'), '[{"id":1,"conversations":[{"from":"human","value":"a"}]}]');
    const clean = ['clean', '--annotations', join(folder, 'mix.json'), '--images', folder];
    const { stdout } = await runCommand(...clean, '--out', join(folder, 'a'), '--json');
    expect(eventsOf(stdout)).toMatchObject([{ event: 'result', samples: 1 }]);
    const dry = await runCommand(...clean, '--out', join(folder, 'b'), '--json', '--dry-run');
    expect(eventsOf(dry.stdout)).toMatchObject([{ event: 'preview', samples: 1 }]);
    expect((await runCommand(...clean, '--out', join(folder, 'c'))).stdout).not.toContain('{');
  });

  it('stand for notes, progress and errors', () => {
    let time = 0;
    const told: string[] = [];
    tellAsEvents(true);
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
    tellLine('a note');
    const progress = createProgress({ label: 'clean', unit: 'samples', total: 4, now: () => time });
    time = 3000;
    progress.advance(3, 'loss 0.5');
    progress.advance(1);
    progress.finish();
    const error = new StageError('LOCKED', 'busy', { file: 'a', hint: 'wait', exitCode: 75 });
    told.push(
      errorLine(error, { line: '', exitCode: 75 }),
      '\n',
      errorLine(1, { line: 'bug', exitCode: 70 }),
    );
    const base = { event: 'progress', label: 'clean', unit: 'samples', total: 4, seconds: 3 };
    expect(eventsOf(told.join(''))).toEqual([
      { event: 'note', text: 'a note' },
      { ...base, done: 3, detail: 'loss 0.5', finished: false },
      { ...base, done: 4, finished: true },
      { event: 'error', code: 'LOCKED', message: error.message, exitCode: 75, file: 'a', hint: 'wait' },
      { event: 'error', code: 'BUG', message: 'bug', exitCode: 70 },
    ]);
  });

  it.each(['{"event":"other"}', '{"event":"note"}', '{"event":"progress","label":"a"}'])(
    'are not %s',
    (line) => expect(eventSchema.safeParse(JSON.parse(line)).success).toBe(false),
  );
});

describe('the documents', () => {
  const root = new URL('../../../', import.meta.url);
  const text = (path: string) => readFileSync(new URL(path, root), 'utf8');

  it('name every kind of event with all its fields', () => {
    const rows = text('docs/events.md');
    for (const { shape } of eventSchema.options) {
      const { event, ...fields } = shape;
      const row = rows.split('\n').find((line) => line.startsWith(`| \`${event.value}\``)) ?? '';
      for (const [name, type] of Object.entries(fields) as [string, z.ZodType][])
        expect(row).toContain(`\`${name}\`${type.safeParse(undefined).success ? '?' : ''}`);
      expect(row).not.toBe('');
    }
  });

  it('hold the schema; after a change run: npx flexattn config schema --events > configs/events.schema.json', () => {
    expect(JSON.parse(text('configs/events.schema.json'))).toEqual(eventsJsonSchema());
  });
});
