import type { FileHandle } from 'node:fs/promises';

/**
 * Bytes after which the disk is told to begin, 32 MiB: else all of a large file would be waited for at the end, when
 * the processor has nothing left to do.
 */
const SYNC_BYTES = 32 * 1024 * 1024;

/** Makes a file last while more of it is written: the disk and the processor work at the same time. */
export class BackgroundSync {
  private unsynced = 0;
  private running: Promise<void> | undefined;

  /** @param syncBytes after which the disk is told to begin */
  constructor(
    private readonly file: Pick<FileHandle, 'sync' | 'datasync'>,
    private readonly syncBytes: number = SYNC_BYTES,
  ) {}

  /** Counts bytes that were written. */
  wrote(bytes: number): void {
    this.unsynced += bytes;
    if (this.unsynced < this.syncBytes || this.running) return;
    this.unsynced = 0;
    this.running = this.file.datasync();
    // A failure stays, and is thrown at the end; until then it must not count as unhandled.
    this.running.then(() => (this.running = undefined)).catch(() => undefined);
  }

  /**
   * Resolves when all of the file lasts.
   *
   * @throws the error of the first sync that failed: the system names it once
   */
  async finish(): Promise<void> {
    await this.running;
    await this.file.sync();
  }
}
