/** A list box of rows of equal height: only those in sight are in the document, however many there are. */
export class RowList {
  /** Pixels; the style sheet says the same. */
  private readonly height = 46;
  /** Rows kept above and below those in sight. */
  private readonly margin = 6;
  private readonly rows = new Map<number, HTMLElement>();
  private readonly space: HTMLElement;
  private shown: readonly number[] = [];
  private place = -1;

  constructor(
    private readonly box: HTMLElement,
    /** Puts an item's text into a new row. */
    private readonly fill: (row: HTMLElement, item: number) => void,
    /** Told the item that the reader chose. */
    private readonly chosen: (item: number) => void,
  ) {
    this.space = document.createElement('div');
    this.space.setAttribute('role', 'presentation');
    box.append(this.space);
    box.addEventListener('scroll', () => this.draw(), { passive: true });
    box.addEventListener('keydown', (event) => this.onKey(event));
    box.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest<HTMLElement>('[role=option]') : null;
      if (row !== null) this.choose(Number(row.dataset['place']));
    });
    new ResizeObserver(() => this.draw()).observe(box);
  }

  /** Shows these items with one of them selected. */
  show(items: readonly number[], selected: number | undefined): void {
    this.shown = items;
    this.place = selected === undefined ? -1 : items.indexOf(selected);
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.space.style.height = `${items.length * this.height}px`;
    this.reveal();
    this.draw();
  }

  /** Chooses the row that is `by` further down, or the nearest there is. */
  move(by: number): void {
    if (this.shown.length > 0) this.choose(Math.min(this.shown.length - 1, Math.max(0, this.place + by)));
  }

  private choose(place: number): void {
    const item = this.shown[place];
    if (item === undefined) return;
    this.place = place;
    this.reveal();
    this.draw();
    this.chosen(item);
  }

  private onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.shown.length,
      End: this.shown.length,
    };
    const by = steps[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.move(by);
  }

  /** Scrolls no further than the selected row needs. */
  private reveal(): void {
    if (this.place < 0) return;
    const top = this.place * this.height;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight)
      this.box.scrollTop = top + this.height - clientHeight;
  }

  private draw(): void {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - this.margin);
    const count = Math.ceil(this.box.clientHeight / this.height) + 2 * this.margin;
    const end = Math.min(this.shown.length, first + count);
    for (const [place, row] of this.rows) {
      if (place >= first && place < end) continue;
      row.remove();
      this.rows.delete(place);
    }
    for (let place = first; place < end; place += 1) this.rowAt(place);
    for (const [place, row] of this.rows) row.setAttribute('aria-selected', String(place === this.place));
    const selected = this.rows.get(this.place);
    if (selected === undefined) this.box.removeAttribute('aria-activedescendant');
    else this.box.setAttribute('aria-activedescendant', selected.id);
  }

  private rowAt(place: number): void {
    const item = this.shown[place];
    if (item === undefined || this.rows.has(place)) return;
    const row = document.createElement('div');
    row.setAttribute('role', 'option');
    row.setAttribute('aria-posinset', String(place + 1));
    row.setAttribute('aria-setsize', String(this.shown.length));
    row.id = `row-${item}`;
    row.dataset['place'] = String(place);
    row.style.top = `${place * this.height}px`;
    this.fill(row, item);
    this.rows.set(place, row);
    this.space.append(row);
  }
}
