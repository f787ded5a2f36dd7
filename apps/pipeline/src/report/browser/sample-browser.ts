import type { RowList } from './row-list.js';
import type { RegionView } from './region-view.js';
import type { SampleData } from './sample-data.js';
import type { SampleFilter } from './sample-filter.js';
import type { SampleView } from './sample-view.js';

/** Joins controls, list and sample, and keeps what is shown in the address: `#sample=ID&task=...&search=...`. */
export class SampleBrowser {
  private readonly controls: Record<string, HTMLInputElement | HTMLSelectElement>;
  private items: readonly number[] = [];
  private item: number | undefined;
  private list: RowList | undefined;

  constructor(
    private readonly data: SampleData,
    private readonly root: HTMLElement,
    private readonly parts: { filter: SampleFilter; view: SampleView; regions: RegionView },
  ) {
    const all = root.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[data-control]');
    this.controls = Object.fromEntries([...all].map((one) => [one.dataset['control'] ?? '', one]));
  }

  /** Begins with what the address says. */
  start(list: RowList): void {
    this.list = list;
    for (const control of Object.values(this.controls)) {
      control.addEventListener('input', () => {
        this.apply();
        this.remember();
      });
    }
    for (const slider of this.root.querySelectorAll('input[type=range]')) {
      slider.addEventListener('input', () => this.parts.regions.draw());
    }
    document.addEventListener('keydown', (event) => this.onKey(event));
    addEventListener('hashchange', () => this.follow());
    if (!this.follow()) this.apply();
  }

  /** Text of an item's row in the list. */
  fill(row: HTMLElement, item: number): void {
    const [id, task, , , question, , , , , answers] = this.data.items[item] ?? [];
    const mark = this.parts.filter.isRight(answers?.[this.column('judged')]);
    const result = document.createElement('span');
    result.className = mark === undefined ? 'result' : mark ? 'result right' : 'result wrong';
    result.textContent = mark === undefined ? '–' : mark ? '✓' : '✗';
    result.title = mark === undefined ? 'no score' : mark ? 'right' : 'wrong';
    const asked = document.createElement('span');
    asked.className = 'asked';
    asked.textContent = this.data.texts[question ?? -1]?.split('\n')[0] ?? '';
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = `${this.data.texts[task ?? -1] ?? ''} · ${id ?? ''}`;
    row.append(result, asked, name);
  }

  /** Shows an item that the reader chose. */
  choose(item: number): void {
    this.item = item;
    this.parts.view.show(item, this.column('judged'));
    this.remember();
  }

  private apply(): void {
    this.items = this.parts.filter.itemsFor({
      task: this.value('task'),
      judged: this.column('judged'),
      against: this.column('against'),
      result: this.value('result'),
      search: this.value('search'),
    });
    if (this.item === undefined || !this.items.includes(this.item)) this.item = this.items[0];
    this.list?.show(this.items, this.item);
    if (this.item === undefined) this.parts.view.clear();
    else this.parts.view.show(this.item, this.column('judged'));
    const status = this.root.querySelector('[role=status]');
    const grouped = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ',');
    if (status !== null)
      status.textContent = `${grouped(this.items.length)} of ${grouped(this.data.items.length)} samples`;
  }

  /** Takes over what the address says; false where it speaks of no sample and no control. */
  private follow(): boolean {
    const said = new URLSearchParams(location.hash.slice(1));
    const named = Object.entries(this.controls).filter(([name]) => said.has(name));
    const id = said.get('sample');
    if (id === null && named.length === 0) return false;
    for (const [name, control] of named) control.value = said.get(name) ?? this.initial(control);
    const wanted = this.data.items.findIndex(([one]) => one === id);
    if (wanted >= 0) this.item = wanted;
    this.apply();
    if (wanted >= 0 && this.item !== wanted) {
      // what the link names is shown, whatever the controls hide
      for (const control of Object.values(this.controls)) this.reset(control);
      this.item = wanted;
      this.apply();
    }
    this.root.scrollIntoView();
    return true;
  }

  private remember(): void {
    const said = new URLSearchParams();
    const id = this.data.items[this.item ?? -1]?.[0];
    if (id !== undefined) said.set('sample', id);
    for (const [name, control] of Object.entries(this.controls)) {
      if (control.value !== this.initial(control)) said.set(name, control.value);
    }
    history.replaceState(null, '', `#${said.toString()}`);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { search } = this.controls;
    if (event.target === search && event.key === 'Escape') {
      event.preventDefault(); // the browser would clear the field, and not tell
      search?.blur();
    }
    const isTyping =
      event.target instanceof Element && event.target.matches('input:not([type=range]), select');
    if (isTyping && event.target.getAttribute('type') !== 'checkbox') return;
    if (event.key === 'j') this.list?.move(1);
    if (event.key === 'k') this.list?.move(-1);
    if (event.key !== '/') return;
    event.preventDefault();
    search?.focus();
  }

  private initial(control: HTMLInputElement | HTMLSelectElement): string {
    if (control instanceof HTMLInputElement) return '';
    return (
      [...control.options].find(({ defaultSelected }) => defaultSelected)?.value ??
      control.options[0]?.value ??
      ''
    );
  }

  private reset(control: HTMLInputElement | HTMLSelectElement): void {
    control.value = this.initial(control);
  }

  private value(name: string): string {
    return this.controls[name]?.value ?? '';
  }

  private column(name: string): number {
    return this.data.columns.indexOf(this.value(name));
  }
}
