/** Characters of a text from a file that an error shows. */
const SHOWN = 80;

/** `text` in quotes, cut: a hostile file may hold megabytes of it. */
export const quoted = (text: string): string => JSON.stringify(cut(text));

/** `text`, cut. */
export const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
