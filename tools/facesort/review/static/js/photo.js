// The whole photo with its boxes: through the burst, assign, draw a missed face, move a box.
import { get } from "./api.js";
import { askFolder, element, toast } from "./dialogs.js";
import { folderName, t } from "./i18n.js";

const STEP = 0.01; // of the longer side, a press of an arrow key
const SMALLEST = 0.012;
const MANY = 8; // boxes; more of them have their names only in focus, or they hide the faces

/** ``actions``: act(body), folders(), mayCreate(), ask(), closed(faceId). */
export class PhotoView {
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    new ResizeObserver(() => this.#fit()).observe(root);
  }

  get isOpen() {
    return !this.root.hidden;
  }

  async openFace(id) {
    await this.#show(await get(`/api/face/${id}`), id);
  }

  async openPhoto(id) {
    await this.#show(await get(`/api/photo/${id}`), null);
  }

  async #show(photo, face) {
    this.photo = photo;
    this.focus = Math.max(0, photo.faces.findIndex((one) => one.id === face));
    this.editing = false;
    this.draft = null;
    this.frame = photo.isVideo ? photo.faces[this.focus]?.frame ?? 0 : null;
    const query = this.frame === null ? "" : `?frame=${this.frame}`;
    const response = await fetch(`/photo/${photo.id}.jpg${query}`);
    if (!response.ok) return toast((await response.json()).error, { bad: true });
    this.size = [Number(response.headers.get("x-photo-width")), Number(response.headers.get("x-photo-height"))];
    URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(await response.blob());
    this.#build();
  }

  #build() {
    const { photo } = this;
    const button = (text, label, onclick, disabled = false) => {
      const made = element("button", { type: "button", textContent: text, title: label, onclick, disabled });
      made.setAttribute("aria-label", label);
      return made;
    };
    this.draw = button("▢+", t("draw"), () => this.#toggleEditing());
    this.image = element("img", { src: this.url, alt: photo.name });
    this.fit = element("div", { className: "fit" }, this.image);
    this.hint = element("footer");
    this.chips = element("span", { className: "chips" });
    this.root.replaceChildren(
      element("header", { role: "group", ariaLabel: photo.name },
        button("←", t("previous"), () => this.#step(photo.previous), !photo.previous),
        button("→", t("next"), () => this.#step(photo.next), !photo.next),
        element("span", { className: "name", textContent: photo.name }), this.chips,
        ...(this.actions.mayCreate() ? [button(`+ ${t("person")}`, t("presentAdd"), () => this.#addPerson())] : []), this.draw,
        button("✕", t("close"), () => this.close())),
      element("div", { className: "stage" }, this.fit), this.hint);
    this.root.setAttribute("aria-label", photo.name);
    this.root.hidden = false;
    setBehind(true);
    this.root.tabIndex = -1;
    this.fit.addEventListener("pointerdown", (event) => this.#press(event));
    this.#present();
    this.#boxes();
    this.#fit();
    (this.root.querySelector(".box.focus") || this.root).focus();
  }

  /** Who is in the photo although no face shows it. */
  #present() {
    this.chips.replaceChildren(...this.photo.present.map((name) => {
      const chip = element("button", { type: "button", textContent: `${name} ✕`, title: t("presentRemove", { name }), onclick: () => this.#setPresence(name, false) });
      chip.setAttribute("aria-label", t("presentRemove", { name }));
      return chip;
    }));
  }

  async #addPerson() {
    const there = new Set(this.photo.present);
    const folders = this.actions.folders().filter((name) => !name.startsWith("_") && !there.has(name));
    const name = await askFolder({ title: t("presentAdd"), folders, mayCreate: true });
    if (name) await this.#setPresence(name, true);
    else this.root.focus();
  }

  async #setPresence(folder, isThere) {
    const answer = await this.actions.act({ do: "presence", photos: [this.photo.id], folder, isThere });
    if (answer) toast(t(isThere ? "present" : "absent", { n: 1, folder }));
    await this.refresh();
  }

  get shown() {
    return this.photo.faces.filter((face) => this.frame === null || face.frame === this.frame);
  }

  get focused() {
    return this.photo.faces[this.focus];
  }

  #boxes() {
    for (const box of this.fit.querySelectorAll(".box")) box.remove();
    const [width, height] = this.size;
    for (const face of this.shown) {
      const [x1, y1, x2, y2] = face.xyxy;
      this.fit.append(this.#box(face, [x1 / width, y1 / height, x2 / width, y2 / height]));
    }
    if (this.draft?.isNew) this.fit.append(this.#box(null, this.draft.at));
    this.root.classList.toggle("editing", this.editing);
    this.root.classList.toggle("many", this.shown.length > MANY);
    this.draw.setAttribute("aria-pressed", String(this.editing));
    this.hint.textContent = !this.editing ? t("photoHint") : this.draft && !this.draft.isNew ? t("moveHint") : t("drawHint");
  }

  #box(face, at) {
    const isFocus = face ? face === this.focused && !this.draft?.isNew : true;
    const moved = face && this.draft?.face === face.id ? this.draft.at : at;
    const kind = !face ? "new" : face.confirmed ? "confirmed" : /^_/.test(face.folder) ? "unsure" : "";
    const box = element("button", { type: "button", className: `box ${kind}${isFocus ? " focus" : ""}` });
    Object.assign(box.style, {
      left: `${moved[0] * 100}%`, top: `${moved[1] * 100}%`,
      width: `${(moved[2] - moved[0]) * 100}%`, height: `${(moved[3] - moved[1]) * 100}%`,
    });
    if (face) {
      const percent = Math.round(face.certainty * 100);
      const sure = face.confirmed ? "✓" : percent ? `${percent} %` : "";
      box.dataset.face = face.id;
      box.append(element("b", { textContent: `${folderName(face.folder)} ${sure}` }));
      box.setAttribute("aria-label", `${folderName(face.folder)}, ${face.confirmed ? t("confirmedLabel") : t("sureLabel", { n: Math.round(face.certainty * 100) })}`);
      box.onclick = () => {
        this.#focusOn(this.photo.faces.indexOf(face));
        if (!this.editing) this.actions.ask();
      };
      box.onfocus = () => this.#focusOn(this.photo.faces.indexOf(face));
    }
    box.append(element("i", { className: "nw" }), element("i", { className: "se" }));
    return box;
  }

  #focusOn(i) {
    if (this.focus === i || this.draft) return;
    this.focus = i;
    for (const box of this.fit.querySelectorAll(".box")) box.classList.toggle("focus", box.dataset.face === this.focused?.id);
  }

  #fit() {
    if (!this.isOpen || !this.fit) return;
    const stage = this.fit.parentElement;
    const [width, height] = this.size;
    const scale = Math.min((stage.clientWidth - 24) / width, (stage.clientHeight - 30) / height);
    Object.assign(this.fit.style, {
      width: `${width * scale}px`, height: `${height * scale}px`,
      left: `${(stage.clientWidth - width * scale) / 2}px`, top: `${Math.max(0, (stage.clientHeight - 22 - height * scale) / 2)}px`,
    });
  }

  async #step(id) {
    if (id) await this.#show(await get(`/api/photo/${id}`), null);
  }

  #toggleEditing() {
    this.editing = !this.editing;
    this.draft = null;
    this.#boxes();
    this.root.focus();
  }

  // a press on a box moves it, on a corner resizes it, elsewhere draws a new one
  #press(event) {
    if (!this.editing || event.button) return;
    event.preventDefault();
    const area = this.fit.getBoundingClientRect();
    const point = (e) => [(e.clientX - area.left) / area.width, (e.clientY - area.top) / area.height].map((v) => Math.max(0, Math.min(1, v)));
    const start = point(event);
    const id = event.target.closest(".box")?.dataset.face;
    const face = this.photo.faces.find((one) => one.id === id);
    const corner = event.target.tagName === "I" ? event.target.className : "";
    const before = face ? this.#shares(face) : null;
    if (face) this.focus = this.photo.faces.indexOf(face);
    const move = (e) => {
      const now = point(e);
      const [dx, dy] = [now[0] - start[0], now[1] - start[1]];
      let at = [Math.min(start[0], now[0]), Math.min(start[1], now[1]), Math.max(start[0], now[0]), Math.max(start[1], now[1])];
      if (before && corner === "nw") at = [before[0] + dx, before[1] + dy, before[2], before[3]];
      else if (before && corner === "se") at = [before[0], before[1], before[2] + dx, before[3] + dy];
      else if (before) at = [before[0] + dx, before[1] + dy, before[2] + dx, before[3] + dy];
      this.draft = { face: face?.id, isNew: !face, at: sane(at) };
      this.#boxes();
    };
    const up = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      if (this.draft) this.#keep();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
  }

  #shares(face) {
    const [x1, y1, x2, y2] = face.xyxy;
    return [x1 / this.size[0], y1 / this.size[1], x2 / this.size[0], y2 / this.size[1]];
  }

  async #keep() {
    const { at, isNew, face } = this.draft;
    const [width, height] = this.size;
    const xyxy_px = [at[0] * width, at[1] * height, at[2] * width, at[3] * height];
    if (isNew) {
      const folder = await askFolder({ title: t("assignTo"), folders: this.actions.folders(), mayCreate: this.actions.mayCreate() });
      if (folder) await this.actions.act({ do: "add", photo: this.photo.id, xyxy_px, folder, frame: this.frame });
    } else await this.actions.act({ do: "box", face, xyxy_px });
    await this.refresh();
  }

  /** Show the same photo anew, after an act. */
  async refresh() {
    const place = this.focus;
    this.photo = await get(`/api/photo/${this.photo.id}`);
    this.focus = Math.min(place, Math.max(0, this.photo.faces.length - 1));
    [this.editing, this.draft] = [false, null];
    this.#present();
    this.#boxes();
    (this.root.querySelector(".box.focus") || this.root).focus();
  }

  /** True where the key was one of ours. */
  key(event) {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Escape") this.editing ? this.#toggleEditing() : this.close();
    else if (event.key === "b" && !event.ctrlKey) this.#toggleEditing();
    else if (event.key === "+" && this.actions.mayCreate()) this.#addPerson();
    else if (this.editing && arrow) this.#nudge(arrow, event.shiftKey);
    else if (this.editing && event.key === "Enter") this.draft && this.#keep();
    else if (event.key === "ArrowLeft") this.#step(this.photo.previous);
    else if (event.key === "ArrowRight") this.#step(this.photo.next);
    else return false;
    return true;
  }

  #nudge([dx, dy], isSize) {
    if (!this.draft) {
      const face = this.focused;
      const fresh = !face || this.shown.length === 0;
      this.draft = fresh ? { isNew: true, at: [0.4, 0.35, 0.6, 0.65] } : { face: face.id, isNew: false, at: this.#shares(face) };
    }
    const [x1, y1, x2, y2] = this.draft.at;
    const by = isSize ? [0, 0, dx * STEP, dy * STEP] : [dx * STEP, dy * STEP, dx * STEP, dy * STEP];
    this.draft.at = sane([x1 + by[0], y1 + by[1], x2 + by[2], y2 + by[3]]);
    this.#boxes();
  }

  close() {
    this.root.hidden = true;
    setBehind(false);
    URL.revokeObjectURL(this.url);
    this.actions.closed(this.focused?.id);
  }
}

/** What lies behind the photo is out of reach. */
function setBehind(isBehind) {
  for (const id of ["bar", "frame"]) document.getElementById(id).inert = isBehind;
}

function sane([x1, y1, x2, y2]) {
  const within = (value) => Math.max(0, Math.min(1, value));
  const [left, top] = [within(Math.min(x1, x2)), within(Math.min(y1, y2))];
  return [left, top, Math.max(left + SMALLEST, within(Math.max(x1, x2))), Math.max(top + SMALLEST, within(Math.max(y1, y2)))];
}
