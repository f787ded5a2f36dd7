import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runProgram } from '@flexattn/stage';
import { knownFailure } from '../known-failures.js';
import { python, TIMEOUT } from './trainer.fixture.js';

/** Fails in each way that needs no GPU, and prints what Python says of it. */
const SCRIPT = `
import datetime, sys, traceback
import torch
from torch.distributed import TCPStore

port = int(sys.argv[1])
ways = [
    lambda: open("/dev/full", "w", 1).write("x\\n"),
    lambda: TCPStore("127.0.0.1", port, is_master=True),
    lambda: TCPStore("127.0.0.1", 0, 2, True, timeout=datetime.timedelta(seconds=1)),
    lambda: torch.empty(1 << 50),
    lambda: __import__("no_such_module"),
]
for way in ways:
    try:
        way()
    except Exception:
        print("".join(traceback.format_exc().splitlines()), flush=True)
`;

describe('what Python and PyTorch say here', () => {
  it(
    'is recognised',
    async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      try {
        const { stdoutTail } = await runProgram(python, ['-c', SCRIPT, String(port)]);
        expect(stdoutTail.map((line) => knownFailure([line])?.what ?? line)).toEqual([
          'a disk is full',
          'the port where the processes meet is taken',
          'the processes waited for one of them in vain',
          'the machine ran out of memory',
          'a Python module is missing',
        ]);
      } finally {
        server.close();
      }
    },
    TIMEOUT,
  );
});
