// A wall of faces of any length: only the tiles in sight exist. Selection and focus live here.
import { faceUrl } from "./api.js";
import { folderName, t } from "./i18n.js";

const GAP = 8;
const SPARE_ROWS = 2; // drawn beyond what is in sight
const SPARE_AFTER_MS = 500; // first of all what is in sight
const FAST_PX_MS = 2; // who scrolls faster sees no face; images are asked for once it is slower
const SETTLED_MS = 80;
const DOUBT = 700; // per mille; below it a tile says that it is doubtful
export const HEAD = "head-"; // how the id of a tile begins that shows whose the next faces may be

export class Wall {
  constructor(element) {
    this.element = element;
    this.sheet = document.createElement("div");
    this.sheet.className = "sheet";
    this.sheet.setAttribute("role", "presentation");
    element.append(this.sheet);
    this.tiles = new Map();
    this.selected = new Set();
    this.crossed = new Set();
    this.names = new Map(); // of a face: whom it looks like, where several people are shown
    this.heads = new Map(); // tiles that stand for a person, not for a face to be decided
    this.picture = faceUrl;
    this.onChange = () => {};
    this.size = 128;
    this.spare = 0;
    this.set({ ids: [], certainty: [], confirmed: [] }, "");
    element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    setTimeout(() => (this.spare = SPARE_ROWS), SPARE_AFTER_MS);
    new ResizeObserver(() => this.layout()).observe(element);
  }

  /** Show ``columns`` (ids, certainty in per mille, confirmed) of ``folder``. */
  set(columns, folder, { keep = false, names = new Map(), heads = new Map() } = {}) {
    [this.names, this.heads] = [names, heads];
    const focused = keep ? this.ids?.[this.focus] : null;
    const place = keep ? this.focus : 0;
    Object.assign(this, columns);
    this.folder = folder;
    this.place = new Map(this.ids.map((id, i) => [id, i]));
    if (!keep) {
      this.selected.clear();
      this.crossed.clear();
      this.element.scrollTop = 0;
    }
    this.selected = new Set([...this.selected].filter((id) => this.place.has(id)));
    this.focus = this.place.get(focused) ?? Math.min(place, Math.max(this.ids.length - 1, 0));
    this.anchor = this.focus;
    this.layout();
    this.onChange();
  }

  /** Append more of the same folder, that came later. */
  extend(columns) {
    for (const name of ["ids", "certainty", "confirmed"]) this[name].push(...columns[name]);
    this.place = new Map(this.ids.map((id, i) => [id, i]));
    this.layout();
    this.onChange();
  }

  remove(ids) {
    const gone = new Set(ids);
    const stays = this.ids.map((id) => !gone.has(id));
    const before = this.ids.slice(0, this.focus).filter((id) => gone.has(id)).length;
    for (const name of ["ids", "certainty", "confirmed"]) {
      this[name] = this[name].filter((_, i) => stays[i]);
    }
    this.place = new Map(this.ids.map((id, i) => [id, i]));
    for (const id of gone) this.selected.delete(id);
    this.focus = Math.max(0, Math.min(this.focus - before, this.ids.length - 1));
    this.anchor = this.focus;
    this.layout();
    this.reveal();
    this.onChange();
  }

  confirm(ids) {
    for (const id of ids) {
      const i = this.place.get(id);
      if (i !== undefined) [this.confirmed[i], this.certainty[i]] = [1, 1000];
    }
    this.draw(true);
  }

  /** What an act is about: the selection, else the face in focus. */
  get chosen() {
    const some = this.selected.size ? this.ids.filter((id) => this.selected.has(id)) : this.ids.slice(this.focus, this.focus + 1);
    return some.filter((id) => !this.heads.has(id));
  }

  layout() {
    const width = this.element.clientWidth - 28;
    this.columns = Math.max(1, Math.floor((width + GAP) / (this.size + GAP)));
    this.cell = (width + GAP) / this.columns;
    const rows = Math.ceil(this.ids.length / this.columns);
    this.sheet.style.height = `${rows * this.cell}px`;
    this.draw(true);
  }

  #scrolled() {
    const [top, now] = [this.element.scrollTop, performance.now()];
    const [before, then] = this.was ?? [top, now];
    this.was = [top, now];
    this.isFast = Math.abs(top - before) > FAST_PX_MS * (now - then);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.#settle(), SETTLED_MS);
    if (!this.isFast) this.#settle();
    this.draw();
  }

  #settle() {
    this.isFast = false;
    for (const [id, tile] of this.tiles) if (!tile.firstChild.src) tile.firstChild.src = this.picture(id);
  }

  draw(anew = false) {
    const top = this.element.scrollTop;
    const first = Math.max(0, Math.floor(top / this.cell) - this.spare) * this.columns;
    const rows = Math.ceil(this.element.clientHeight / this.cell) + 2 * this.spare + 1;
    const last = Math.min(this.ids.length, first + rows * this.columns);
    const wanted = new Set(this.ids.slice(first, last));
    for (const [id, tile] of this.tiles) {
      if (!wanted.has(id)) {
        tile.remove();
        this.tiles.delete(id);
      }
    }
    for (let i = first; i < last; i++) {
      const tile = this.tiles.get(this.ids[i]);
      if (!tile) this.#make(i);
      else if (anew || tile.place !== i) this.#dress(tile, i);
    }
    this.element.setAttribute("aria-activedescendant", this.ids.length ? `f${this.ids[this.focus]}` : "");
  }

  #make(i) {
    const id = this.ids[i];
    const tile = document.createElement("div");
    tile.setAttribute("role", "option");
    tile.id = `f${id}`;
    tile.dataset.face = id;
    const image = new Image();
    image.alt = "";
    image.decoding = "async";
    image.draggable = false;
    image.onload = () => image.classList.add("there");
    if (!this.isFast) image.src = this.picture(id);
    const sure = document.createElement("span");
    sure.className = "sure";
    sure.setAttribute("aria-hidden", "true");
    tile.append(image, sure);
    this.tiles.set(id, tile);
    this.#dress(tile, i);
    this.sheet.append(tile);
  }

  #dress(tile, i) {
    const id = this.ids[i];
    const [confirmed, crossed] = [Boolean(this.confirmed[i]), this.crossed.has(id)];
    const [row, column] = [Math.floor(i / this.columns), i % this.columns];
    const side = this.cell - GAP;
    tile.place = i;
    tile.style.width = tile.style.height = `${side}px`;
    tile.style.transform = `translate(${column * this.cell}px, ${row * this.cell}px)`;
    const doubt = !confirmed && this.certainty[i] >= 0 && this.certainty[i] < DOUBT;
    const head = this.heads.get(id);
    tile.className = `tile${head ? " head" : ""}${confirmed ? " confirmed" : doubt ? " doubt" : ""}${crossed ? " crossed" : ""}${i === this.focus ? " focus" : ""}`;
    tile.setAttribute("aria-selected", String(this.selected.has(id)));
    const percent = Math.round(this.certainty[i] / 10);
    const named = this.names.get(id); // where faces of several people are suggested together
    tile.lastChild.textContent = head ? folderName(head) : confirmed ? "✓" : this.certainty[i] < 0 ? "" : named ? `${percent} % ${folderName(named)}` : `${percent} %`;
    tile.lastChild.hidden = this.certainty[i] < 0 && !head;
    const sure = confirmed ? t("confirmedLabel") : t("sureLabel", { n: percent });
    const state = crossed ? `${sure}, ${t("crossedLabel")}` : sure;
    tile.setAttribute("aria-label", head ? t("headLabel", { folder: folderName(head) }) : t("faceLabel", {
      place: i + 1, total: this.ids.length, folder: folderName(named ?? this.folder), sure: state,
    }));
    tile.setAttribute("aria-posinset", i + 1);
    tile.setAttribute("aria-setsize", this.ids.length);
  }

  reveal() {
    if (!this.ids.length) return;
    const top = Math.floor(this.focus / this.columns) * this.cell;
    const box = this.element;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + this.cell > box.scrollTop + box.clientHeight - 8) {
      box.scrollTop = top + this.cell - box.clientHeight + 16;
    }
    this.draw(true);
  }

  /** Move the focus to place ``i``; with ``range``, select from the anchor to there. */
  focusOn(i, { range = false } = {}) {
    if (!this.ids.length) return;
    this.focus = Math.max(0, Math.min(i, this.ids.length - 1));
    if (range) this.selectRange(this.anchor, this.focus);
    else this.anchor = this.focus;
    this.reveal();
    this.onChange();
  }

  step(key, range) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.cell)) * this.columns;
    const by = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
      PageUp: -page, PageDown: page, Home: -this.ids.length, End: this.ids.length,
    }[key];
    const wanted = this.focus + by;
    const isRow = key === "ArrowUp" || key === "ArrowDown";
    if (isRow && (wanted < 0 || wanted >= this.ids.length)) {
      if (key === "ArrowUp" || Math.floor(this.focus / this.columns) === Math.floor((this.ids.length - 1) / this.columns)) return;
    }
    this.focusOn(wanted, { range });
  }

  selectRange(from, to) {
    const [a, b] = from < to ? [from, to] : [to, from];
    this.selected = new Set(this.ids.slice(a, b + 1));
  }

  toggle(i) {
    const id = this.ids[i];
    if (!id) return;
    if (!this.selected.delete(id)) this.selected.add(id);
    this.anchor = i;
    this.draw(true);
    this.onChange();
  }

  /** Cross a face out, or not; of a tile that stands for a person, all of theirs. */
  cross(i) {
    const id = this.ids[i];
    if (!id) return;
    const head = this.heads.get(id);
    const ids = head ? this.ids.filter((one) => this.names.get(one) === head) : [id];
    const isOut = ids.some((one) => !this.crossed.has(one));
    for (const one of ids) isOut ? this.crossed.add(one) : this.crossed.delete(one);
    this.draw(true);
    this.onChange();
  }

  /** Cross all out; where all are, none. */
  crossAll() {
    const faces = this.ids.filter((id) => !this.heads.has(id));
    this.crossed = new Set(this.crossed.size < faces.length ? faces : []);
    this.draw(true);
    this.onChange();
  }

  selectAll() {
    this.selected = new Set(this.ids);
    this.draw(true);
    this.onChange();
  }

  deselect() {
    this.selected.clear();
    this.draw(true);
    this.onChange();
  }

  /** Select what a rectangle of the screen touches. */
  selectIn(rectangle, before) {
    const box = this.sheet.getBoundingClientRect();
    const found = new Set(before);
    const clamp = (value) => Math.max(0, Math.min(value, this.columns - 1));
    const [left, right] = [clamp(Math.floor((rectangle.left - box.left) / this.cell)), clamp(Math.floor((rectangle.right - box.left) / this.cell))];
    const top = Math.max(0, Math.floor((rectangle.top - box.top) / this.cell));
    const bottom = Math.floor((rectangle.bottom - box.top) / this.cell);
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const id = this.ids[row * this.columns + column];
        if (id) found.add(id);
      }
    }
    this.selected = found;
    this.draw(true);
    this.onChange();
  }
}
