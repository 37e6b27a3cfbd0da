// The list of folders: what is in each, its key, and the places to drop on.
import { coverUrl } from "./api.js";
import { element } from "./dialogs.js";
import { folderName, t } from "./i18n.js";

export const SUGGESTIONS = "\0suggestions";
const OWN = /^_/;

/** ``actions``: open(folder), rename(old, new), newPerson(). */
export class FolderList {
  constructor(nav, actions) {
    this.nav = nav;
    this.actions = actions;
    this.faces = new Map(); // folder: id of the face that stands for it
    this.byKey = [];
    this.order = [];
  }

  show(summary, current, suggested) {
    const scroll = this.nav.scrollTop;
    const focused = document.activeElement?.dataset?.folder;
    if (this.isNaming) return;
    const named = summary.folders.filter(({ name }) => !OWN.test(name));
    const own = summary.folders.filter(({ name }) => OWN.test(name));
    this.byKey = named.slice(0, 9).map(({ name }) => name);
    this.order = [SUGGESTIONS, ...summary.folders.map(({ name }) => name), summary.withoutFaces.name];
    this.summary = summary;
    this.current = current;
    for (const { name, cover } of summary.folders) if (cover) this.faces.set(name, cover);
    const todo = [this.#item({ name: SUGGESTIONS, count: suggested, label: t("suggestions"), hot: suggested > 0 })];
    const items = named.map((folder, i) => this.#item({ ...folder, key: i < 9 ? String(i + 1) : "", person: summary.byPerson }));
    const keys = { _unsure: "U", _not_a_face: "Del" };
    const others = [...own, summary.withoutFaces].map((folder) => this.#item({ ...folder, key: keys[folder.name] ?? "" }));
    this.nav.replaceChildren(
      ...group(t("toDo"), todo),
      ...group(summary.byPerson ? t("people") : t("classes"), items),
      ...(summary.byPerson ? [this.#newButton()] : []),
      ...group(t("others"), others),
    );
    this.nav.setAttribute("aria-label", t("people"));
    this.nav.scrollTop = scroll;
    if (focused) this.button(focused)?.focus({ preventScroll: true });
  }

  button(folder) {
    return this.nav.querySelector(`.folder[data-folder="${CSS.escape(folder)}"]`);
  }

  get isNaming() {
    return Boolean(this.nav.querySelector("input"));
  }

  flash(folder) {
    const button = this.button(folder);
    button?.classList.remove("flash");
    void button?.offsetWidth;
    button?.classList.add("flash");
  }

  beside(current, by) {
    const i = this.order.indexOf(current) + by;
    return this.order[(i + this.order.length) % this.order.length];
  }

  /** Put an input in place of the name. */
  rename(folder) {
    const button = this.button(folder);
    if (!button?.dataset.person) return;
    const input = element("input", { type: "text", value: folder });
    input.setAttribute("aria-label", t("rename"));
    const name = button.querySelector(".name");
    name.replaceWith(input);
    input.select();
    let done = false;
    const finish = (value) => {
      if (done) return;
      done = true;
      input.replaceWith(name);
      if (value && value !== folder) this.actions.rename(folder, value);
      else document.getElementById("wall").focus({ preventScroll: true });
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.isComposing) return;
      if (event.key === "Enter") {
        event.preventDefault(); // or this very key says yes to the question that follows
        finish(input.value.trim());
      }
      if (event.key === "Escape") finish("");
      if (event.key === " ") event.stopImmediatePropagation();
    });
    input.addEventListener("keyup", (event) => event.key === " " && event.preventDefault());
    input.addEventListener("click", (event) => event.stopPropagation());
    input.addEventListener("blur", () => finish(input.value.trim()));
    input.focus();
  }

  #item({ name, count, key = "", person = false, label, hot = false }) {
    const button = element("button", { type: "button", className: `folder${hot ? " hot" : ""}` });
    button.dataset.folder = name;
    if (person) button.dataset.person = "1";
    button.setAttribute("aria-current", String(name === this.current));
    const face = this.faces.get(name);
    if (person) {
      const image = element("img", { className: "face", src: coverUrl(name, face), alt: "", draggable: false });
      image.onerror = () => image.replaceWith(element("span", { className: "face" })); // no examples are here
      button.append(image);
    }
    button.append(element("span", { className: "name", textContent: label ?? folderName(name) }));
    const amount = element("span", { className: "count", textContent: count.toLocaleString(document.documentElement.lang) });
    amount.title = t("faces", { n: count });
    button.append(amount);
    if (key) button.append(element("kbd", { textContent: key, ariaHidden: "true" }));
    if (/^\d$/.test(key)) button.setAttribute("aria-keyshortcuts", key);
    button.onclick = (event) => {
      if (event.detail === 2 && person) this.rename(name);
      else if (event.detail < 2) this.actions.open(name);
    };
    return element("li", {}, button);
  }

  #newButton() {
    return element("button", { type: "button", className: "new", textContent: `+ ${t("newPerson")}`, onclick: () => this.actions.newPerson() });
  }
}

function group(title, items) {
  return [element("h2", { textContent: title }), element("ul", {}, ...items)];
}
