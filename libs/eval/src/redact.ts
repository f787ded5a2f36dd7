/** Shorter secrets would strike out ordinary words. */
const MIN_LENGTH = 6;
const ALPHABETS = ['base64', 'base64url'] as const;

/** Replaces a secret in any text: as it is, URL-encoded, and as base64 of either alphabet, alone or inside longer text. */
export function createRedactor(secret: string | undefined): (text: string) => string {
  if (secret === undefined || secret.length < MIN_LENGTH) return (text) => text;
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    ...ALPHABETS.map((alphabet) => bytes.toString(alphabet).replace(/=+$/, '')),
    ...[0, 1, 2].flatMap((offset) => ALPHABETS.map((alphabet) => base64At(bytes, offset, alphabet))),
  ];
  return (text) => forms.reduce((clean, form) => clean.replaceAll(form, '[key]'), text);
}

/** The digits that stand for these bytes alone where they begin `offset` bytes into a group of three. */
function base64At(bytes: Buffer, offset: number, alphabet: (typeof ALPHABETS)[number]): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(alphabet)
    .replace(/=+$/, '');
  const from = Math.ceil((offset * 4) / 3);
  const whole = Math.floor(((offset + bytes.length) * 4) / 3);
  return text.slice(from, whole);
}
