/** A colour in light and in dark mode, `#rrggbb`. */
export interface Colour {
  light: string;
  dark: string;
}

/** Colours of text and grounds. */
export const GROUND = {
  page: { light: '#ffffff', dark: '#14161a' },
  card: { light: '#f6f7f9', dark: '#1d2026' },
  line: { light: '#d9dde3', dark: '#353a44' },
  ink: { light: '#1a1d21', dark: '#e8eaee' },
  muted: { light: '#565d68', dark: '#a3abb8' },
  right: { light: '#0b6b3a', dark: '#5fd497' },
  wrong: { light: '#a8231c', dark: '#ff9a8f' },
} satisfies Record<string, Colour>;

/**
 * Colours of the models, in the order of the run; a further model begins again. Told apart by people who do not see
 * red and green alike (after Okabe and Ito), each with a marker shape of its own beside it.
 */
export const SERIES: readonly Colour[] = [
  { light: '#6a717d', dark: '#a3abb8' },
  { light: '#b34700', dark: '#f0975a' },
  { light: '#0062a8', dark: '#62b5f0' },
  { light: '#00735a', dark: '#45c9a5' },
  { light: '#8f3d78', dark: '#e29bcd' },
  { light: '#7a6000', dark: '#dcc04a' },
];

/** Index into `SERIES` of the model at `position`. */
export function seriesOf(position: number): number {
  return position % SERIES.length;
}
