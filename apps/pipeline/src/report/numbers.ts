/** 0.9416 as "94.2": a share in percent, without the sign. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}

/** 0.125 as "+12.5", -0.04 as "−4.0": a difference of shares in percentage points. */
export function signedPoints(difference: number): string {
  const points = percent(Math.abs(difference));
  if (Number(points) === 0) return points;
  return `${difference < 0 ? '−' : '+'}${points}`;
}

/** 1234567 as "1,234,567", whatever the locale. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A p-value for people: three digits, never "0.000". */
export function pValue(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** A coordinate of a drawing: at most two digits after the point. */
export function coordinate(value: number): number {
  return Math.round(value * 100) / 100;
}

/** 105.4 as "1 min 45 s", 5400 as "1 h 30 min". */
export function durationText(exactSeconds: number): string {
  const seconds = Math.round(exactSeconds);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
