import type { RegionCell, SampleData } from './sample-data.js';

/** A picture with the regions that a model chose of it, by layer and by token of the answer. */
export class RegionView {
  /** Opacity of a region that one layer of many chose, and of one that all chose: the picture stays visible. */
  private readonly opacity = { one: 0.12, all: 0.4 };

  constructor(
    private readonly data: SampleData,
    private readonly svg: SVGSVGElement,
    private readonly sliders: { layer: HTMLInputElement; token: HTMLInputElement },
    private readonly caption: HTMLElement,
  ) {}

  private drawn: {
    cell: RegionCell;
    options: readonly string[];
    stretched: boolean;
    width: number;
    height: number;
  } | null = null;

  /** Shows a picture of this size with the regions of one column; null: none. */
  show(drawn: RegionView['drawn']): void {
    this.drawn = drawn;
    const layers = drawn === null ? [] : this.layersOf(drawn.cell);
    const steps = drawn?.cell[2].length ?? 0;
    this.bound(this.sliders.layer, 0, layers.length, 0);
    this.bound(this.sliders.token, 1, Math.max(1, steps), 1);
    this.draw();
  }

  /** Draws what the sliders ask for. */
  draw(): void {
    this.svg.replaceChildren();
    this.caption.textContent = '';
    if (this.drawn === null) return;
    const { cell, options, width, height } = this.drawn;
    const layers = this.layersOf(cell);
    const token = this.sliders.token.valueAsNumber;
    const layer = this.sliders.layer.valueAsNumber - 1;
    const step = cell[2][token - 1] ?? [];
    const chosen = step.map((bits) => this.regionsOf(bits));
    const name = layer < 0 ? 'all layers' : `layer ${layers[layer] ?? ''}`;
    const steps = cell[2].length;
    const what =
      options.length > 0 ? `option “${options[token - 1] ?? token}”` : `token ${token} of ${steps}`;
    this.say(this.sliders.layer, name);
    this.say(this.sliders.token, what);
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const times = new Map<number, number>();
    for (const region of layer < 0 ? chosen.flat() : (chosen[layer] ?? [])) {
      times.set(region, (times.get(region) ?? 0) + 1);
    }
    for (const [region, count] of [...times].sort(([a], [b]) => a - b)) {
      const share = layers.length > 1 && layer < 0 ? (count - 1) / (layers.length - 1) : 1;
      this.mark(region, this.opacity.one + share * (this.opacity.all - this.opacity.one));
    }
    const counts = layers.map((one, i) => `layer ${one} ${chosen[i]?.length ?? 0}`).join(', ');
    const all = (this.data.edges.length - 1) ** 2;
    this.caption.textContent = `Of ${all} regions ${this.data.columns[cell[0]] ?? ''} chose for ${what}: ${counts}.`;
  }

  private layersOf([, layers]: RegionCell): readonly string[] {
    return this.data.texts[layers]?.split(' ') ?? [];
  }

  private bound(slider: HTMLInputElement, min: number, max: number, value: number): void {
    slider.min = String(min);
    slider.max = String(max);
    slider.value = String(value);
    slider.disabled = max <= min;
    const label = slider.closest('label');
    if (label !== null) label.hidden = max <= min;
  }

  private say(slider: HTMLInputElement, text: string): void {
    slider.setAttribute('aria-valuetext', text);
    const output = slider.closest('label')?.querySelector('output');
    if (output) output.textContent = text;
  }

  /** Indices of the regions whose bit is set, row by row. */
  private regionsOf(bits: string): number[] {
    return [...atob(bits)].flatMap((character, byte) =>
      [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) =>
        character.charCodeAt(0) & (1 << bit) ? [8 * byte + bit] : [],
      ),
    );
  }

  /** A region on the picture; what lies on the padding around it is out of sight. */
  private mark(region: number, opacity: number): void {
    if (this.drawn === null) return;
    const { stretched, width, height } = this.drawn;
    const side = this.data.edges.length - 1;
    const along = (place: number, size: number): [from: number, length: number] => {
      const square = stretched ? size : Math.max(width, height);
      const edge = (at: number) =>
        Math.min(size, Math.max(0, (this.data.edges[at] ?? 0) * square - (square - size) / 2));
      return [edge(place), edge(place + 1) - edge(place)];
    };
    const [x, w] = along(region % side, width);
    const [y, h] = along(Math.floor(region / side), height);
    if (w <= 0 || h <= 0) return;
    const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    const place = { x, y, width: w, height: h, 'fill-opacity': opacity };
    for (const [name, value] of Object.entries(place))
      rect.setAttribute(name, String(Math.round(value * 100) / 100));
    this.svg.append(rect);
  }
}
