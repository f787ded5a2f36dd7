/** The errno or library code that an error of Node carries: `ENOENT`, `Z_DATA_ERROR`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
