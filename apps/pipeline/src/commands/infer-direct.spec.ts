import { afterEach, expect, it, vi } from 'vitest';
import { forgetCommands, runCommand } from './run-command.fixture.js';

const inferItems = vi.hoisted(() => vi.fn());
vi.mock(import('@flexattn/flexattn-runtime'), async (original) => ({ ...(await original()), inferItems }));

afterEach(forgetCommands);

const report = { items: 3, answered: 2, model: { selection: 'attention' } };
const infer = () =>
  runCommand('infer', '--model', 'm', '--items', 'items.jsonl', '--out', 'out.jsonl', '--workers', '2');

it('ends with 1 where workers died of an item, and says of how many', async () => {
  inferItems.mockResolvedValue({ ...report, failed: { WORKER_DIED: 1 } });
  await expect(infer()).rejects.toMatchObject({
    code: 'ITEMS_FAILED',
    exitCode: 1,
    message: expect.stringContaining('1 item was given up: workers died of it') as string,
  });
  expect(inferItems).toHaveBeenCalledWith(expect.objectContaining({ workers: 2, out: 'out.jsonl' }));
});

it('ends well where an item has a mistake of its own, which is its answer', async () => {
  inferItems.mockResolvedValue({ ...report, failed: { IMAGE_UNREADABLE: 1 } });
  expect((await infer()).stdout).toContain('IMAGE_UNREADABLE');
});
