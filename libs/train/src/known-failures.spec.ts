import { describe, expect, it } from 'vitest';
import { knownFailure } from './known-failures.js';

describe('knownFailure', () => {
  it.each([
    [
      'a GPU ran out of memory',
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.15 GiB of which 1.06 GiB is free. Including non-PyTorch memory, this process has 78.08 GiB memory in use.',
    ],
    [
      'a GPU ran out of memory',
      'RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`',
    ],
    [
      'the processes waited for one of them in vain',
      '[rank1]:[E1123 16:02:11.563 ProcessGroupNCCL.cpp:690] [Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=42, OpType=ALLREDUCE, NumelIn=4096, NumelOut=4096, Timeout(ms)=600000) ran for 600029 milliseconds before timing out.',
    ],
    [
      'the processes waited for one of them in vain',
      'RuntimeError: [../third_party/gloo/gloo/transport/tcp/unbound_buffer.cc:81] Timed out waiting 1800000ms for recv operation to complete',
    ],
    [
      'the processes waited for one of them in vain',
      'torch.distributed.DistStoreError: Timed out after 61 seconds waiting for clients. 1/2 clients joined.',
    ],
    ['a disk is full', "OSError: [Errno 28] No space left on device: '/scratch/out.partial/metrics.jsonl'"],
    [
      'a disk is full',
      'safetensors_rust.SafetensorError: Error while serializing: I/O error: No space left on device (os error 28)',
    ],
    [
      'the port where the processes meet is taken',
      'torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address. port: 29500, useIpv6: false, code: -98, name: EADDRINUSE, message: address already in use',
    ],
    ['a Python module is missing', "ModuleNotFoundError: No module named 'safetensors'"],
    ['a Python module is missing', '/usr/bin/python3: No module named flexattn_train'],
    [
      'the machine ran out of memory',
      "RuntimeError: [enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 400000000000000 bytes. Error code 12 (Cannot allocate memory)",
    ],
    [
      'the machine ran out of memory',
      'slurmstepd: error: Detected 1 oom_kill event in StepId=12.0. Some of the step tasks have been OOM Killed.',
    ],
    ['the system killed it, most likely for want of memory', 'killed by signal 9'],
    ['the system killed it, most likely for want of memory', 'killed by SIGKILL'],
  ])('tells that %s, and what to do', (what, line) => {
    const found = knownFailure(['Traceback (most recent call last):', line]);
    expect(found?.what).toBe(what);
    expect(found?.hint.length).toBeGreaterThan(20);
  });

  it('knows nothing of other ends', () => {
    expect(
      knownFailure([
        'ValueError: shapes do not match',
        'room left',
        'address',
        'killed by signal 11',
        'killed by SIGTERM',
      ]),
    ).toBeUndefined();
  });
});
