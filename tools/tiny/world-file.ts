/** One file of the world: its path below the world's folder, with `/`, and its bytes. */
export interface WorldFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}
