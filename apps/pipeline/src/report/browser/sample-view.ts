import type { RegionView } from './region-view.js';
import type { AnswerCell, SampleData, SampleRow } from './sample-data.js';
import type { SampleFilter } from './sample-filter.js';

/** One sample: picture, question, options with their losses, targets and answers. All text is put in as text. */
export class SampleView {
  constructor(
    private readonly data: SampleData,
    private readonly article: HTMLElement,
    private readonly regions: RegionView,
    private readonly filter: SampleFilter,
  ) {
    this.part('img').addEventListener('load', () => this.pictureLoaded());
    this.part('img').addEventListener('error', () => this.pictureMissing());
  }

  private row: SampleRow | undefined;
  private judged = 0;

  /** Shows an item; the regions are those of the judged column where it has some. */
  show(item: number, judged: number): void {
    const row = this.data.items[item];
    if (row === undefined) return;
    this.row = row;
    this.judged = judged;
    const [id, task, before, after, question, options, targets, picture, , answers] = row;
    this.part('.task').textContent = this.text(task);
    this.part('.id').textContent = id;
    this.part('.question').textContent = this.text(question);
    this.part('.prompt').textContent = [before, question, after].map((text) => this.text(text)).join('');
    this.part('.targets').replaceChildren(
      ...targets.flatMap(([target, count], i) => this.target(target, count, i)),
    );
    this.part('.answers tbody').replaceChildren(
      ...answers.flatMap((answer, column) => (answer === null ? [] : [this.answerRow(answer, column)])),
    );
    this.lossTable(options, answers);
    this.showPicture(picture, id);
    this.article.hidden = false;
  }

  /** Says that nothing fits what is asked for. */
  clear(): void {
    this.row = undefined;
    this.article.hidden = true;
  }

  private showPicture(picture: number, id: string): void {
    const [inline, file] = this.data.pictures[picture] ?? [null, ''];
    const image = this.part<HTMLImageElement>('img');
    this.regions.show(null);
    image.alt = `Picture of ${id}`;
    image.hidden = false;
    this.part('.missing').textContent = '';
    this.part<HTMLAnchorElement>('.file').href = file;
    image.removeAttribute('src');
    image.src = inline ?? file;
  }

  private pictureLoaded(): void {
    if (this.row === undefined) return;
    const [, , , , , options, , picture, stretched, , cells] = this.row;
    const [inline, , turned] = this.data.pictures[picture] ?? [null, '', 0];
    const cell = cells.find(([column]) => column === this.judged) ?? cells[0];
    const { naturalWidth: width, naturalHeight: height } = this.part<HTMLImageElement>('img');
    if (cell !== undefined && inline === null && turned === 1) {
      this.part('.missing').textContent =
        'The browser turns this picture by its orientation tag and the models do not: its regions are not drawn.';
      return;
    }
    const texts = options.map((option) => this.text(option));
    this.regions.show(
      cell === undefined ? null : { cell, options: texts, stretched: stretched === 1, width, height },
    );
  }

  private pictureMissing(): void {
    const [, file] = this.data.pictures[this.row?.[7] ?? -1] ?? [null, ''];
    this.part<HTMLImageElement>('img').hidden = true;
    this.part('.missing').textContent = `The picture is not in this file, and not beside it: ${file}`;
  }

  private target(target: number, count: number, index: number): (Node | string)[] {
    const text = this.element('b', this.text(target), 'data');
    return [index > 0 ? ', ' : '', text, count > 1 ? ` × ${count}` : ''];
  }

  private answerRow(answer: AnswerCell, column: number): HTMLElement {
    const [text, score] = answer;
    const name = this.columnHeader(column);
    name.scope = 'row';
    const said = document.createElement('td');
    said.append(
      text < 0 ? this.element('i', 'nothing readable') : this.element('span', this.text(text), 'data'),
    );
    const right = this.filter.isRight(answer);
    const graded = score !== null && score > 0 && score < 1 ? ` (${Math.round(score * 100) / 100})` : '';
    const mark = right === undefined ? 'no score' : right ? `✓ right${graded}` : `✗ wrong${graded}`;
    const result = this.element('td', mark, right === undefined ? '' : right ? 'right' : 'wrong');
    const row = document.createElement('tr');
    row.append(name, said, result);
    return row;
  }

  /** A line an option with the loss that each column gave it; the lowest is the column's choice. */
  private lossTable(options: readonly number[], answers: readonly (AnswerCell | null)[]): void {
    const table = this.part<HTMLTableElement>('.losses');
    const columns = answers.flatMap((answer, column) =>
      answer?.[2] === undefined ? [] : [{ column, losses: answer[2] }],
    );
    table.hidden = columns.length === 0;
    const head = document.createElement('tr');
    const corner = this.element('th', 'Option');
    corner.setAttribute('scope', 'col');
    head.append(corner, ...columns.map(({ column }) => this.columnHeader(column)));
    table.tHead?.replaceChildren(head);
    const lines = options.map((option, i) => {
      const line = document.createElement('tr');
      const name = this.element('th', this.text(option), 'data');
      name.setAttribute('scope', 'row');
      line.append(name);
      for (const { losses } of columns) {
        const loss = losses[i] ?? NaN;
        line.append(this.element('td', loss.toFixed(2), loss === Math.min(...losses) ? 'least' : ''));
      }
      return line;
    });
    table.tBodies[0]?.replaceChildren(...lines);
  }

  private columnHeader(column: number): HTMLTableCellElement {
    const header = document.createElement('th');
    header.scope = 'col';
    const marker = document.querySelector<HTMLTemplateElement>(`#marker-${column}`);
    if (marker !== null) header.append(marker.content.cloneNode(true));
    header.append(this.data.columns[column] ?? '');
    return header;
  }

  private text(index: number): string {
    return this.data.texts[index] ?? '';
  }

  private element(name: string, text: string, className = ''): HTMLElement {
    const element = document.createElement(name);
    element.textContent = text;
    element.className = className;
    return element;
  }

  private part<Part extends HTMLElement>(selector: string): Part {
    const part = this.article.querySelector<Part>(selector);
    if (part === null) throw new Error(`the page has no ${selector}`);
    return part;
  }
}
