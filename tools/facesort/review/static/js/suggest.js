// Suggestions: faces that look like a person now, and people who look like one person.
import { coverUrl, faceUrl, get } from "./api.js";
import { element } from "./dialogs.js";
import { folderName, t } from "./i18n.js";
import { heading } from "./panels.js";
import { HEAD } from "./wall.js";

const KNOWN = 8; // faces of the person, to compare with
const IN_PAIR = 12;
const TOGETHER = "\0together";
const $ = (id) => document.getElementById(id);

export class Suggestions {
  constructor(page) {
    this.page = page;
    this.together = []; // of several people, for one look
    this.every = [];
    this.pairs = [];
    this.later = new Set();
  }

  get total() {
    return this.every.length + this.pairs.length;
  }

  /** Whom the shown faces look like; of several people, the one of the face in focus. */
  get folder() {
    const { wall } = this.page;
    return this.shown?.groups[1] ? wall.names.get(wall.ids[wall.focus]) : this.shown?.groups[0].folder;
  }

  async count() {
    const { together, suggestions, pairs, version } = await get("/api/suggestions");
    [this.together, this.every, this.pairs, this.version] = [together, suggestions, pairs, version];
    if (this.page.isSuggesting() && !this.page.wall.crossed.size && !this.isBusy) await this.#next();
  }

  async show() {
    this.later.clear();
    await this.load();
  }

  async load() {
    this.shown = this.pair = null;
    await this.count();
  }

  hide() {
    $("strip").hidden = true;
    this.shown = this.pair = null;
  }

  /** The next one that she has not put off. */
  async #next() {
    const found = this.#open().find(({ key }) => !this.later.has(key)) ?? null;
    const same = this.shown && found && found.key === this.shown.key && idsOf(found).join() === idsOf(this.shown).join();
    if (same) return;
    this.shown = found;
    this.pair = found ? null : this.pairs.find((pair) => !this.later.has(pair.join("\0"))) ?? null;
    if (this.shown) await this.#faces();
    else if (this.pair) await this.#people();
    else this.#nothing();
  }

  /** What she can be asked: the surest of everybody first, then person by person. */
  #open() {
    const each = this.every.map((one) => ({ key: one.folder, groups: [one] }));
    return this.together.length > 1 ? [{ key: TOGETHER, groups: this.together }, ...each] : each;
  }

  async #faces() {
    const { groups } = this.shown;
    const { wall } = this.page;
    const isOne = groups.length === 1;
    const heads = new Map();
    const columns = { ids: [], certainty: [], confirmed: [] };
    for (const { folder, ids, probability } of groups) {
      const head = isOne ? [] : [HEAD + heads.size];
      for (const id of head) heads.set(id, folder);
      columns.ids.push(...head, ...ids);
      columns.certainty.push(...head.map(() => -1), ...probability.map((one) => Math.round(1000 * one)));
    }
    columns.confirmed = columns.ids.map(() => 0);
    const names = isOne ? new Map() : new Map(groups.flatMap((one) => one.ids.map((id) => [id, one.folder])));
    wall.picture = (id) => (heads.has(id) ? this.#cover(heads.get(id)) : faceUrl(id));
    wall.set(columns, isOne ? groups[0].folder : "", { names, heads });
    if (!isOne) wall.focusOn(1);
    wall.onChange = () => (this.page.isSuggesting() ? this.#head() : this.page.heading());
    this.#head();
    $("strip").hidden = true;
    if (isOne) await this.#strip(groups[0].folder);
  }

  #cover(folder) {
    return coverUrl(folder, this.page.summary.folders.find(({ name }) => name === folder)?.cover);
  }

  /** Faces of the person, to compare with. */
  async #strip(folder) {
    const { ids: known, confirmed } = await get("/api/faces", { folder });
    const best = known.map((id, i) => [confirmed[i], i, id]).sort((a, b) => b[0] - a[0] || b[1] - a[1]).slice(0, KNOWN);
    if (this.folder !== folder) return;
    $("strip").replaceChildren(
      element("span", { className: "who", textContent: t("known", { folder: folderName(folder) }) }),
      ...best.map(([, , id]) => element("img", { src: faceUrl(id), alt: "" })),
    );
    if (!best.length) $("strip").append(this.#example(folder));
    $("strip").hidden = false;
  }

  #example(folder) {
    const image = element("img", { src: coverUrl(folder), alt: "" });
    image.onerror = () => ($("strip").hidden = true); // the examples are not here
    return image;
  }

  #head() {
    if (!this.shown) return;
    const { key, groups } = this.shown;
    const [{ folder, lookAlikes }, second] = groups;
    const count = idsOf(this.shown).length;
    const crossed = this.page.wall.crossed.size;
    const name = folderName(folder);
    const title = second ? t("together", { n: count, people: groups.length }) : t("looksLike", { n: count, folder: name });
    const twice = lookAlikes?.length && !second ? ` ${t("lookTwice", { folder: name, others: lookAlikes.join(", ") })}` : "";
    heading(title, t(second ? "togetherHint" : "looksLikeHint") + twice, [
      [t("later"), () => this.put(key)],
      [crossed ? t("yesRest", { n: count - crossed }) : t("yesAll"), () => this.accept(), "primary"],
    ]);
    $("empty").hidden = true;
    $("wall").setAttribute("aria-label", title);
  }

  async #people() {
    const [a, b] = this.pair;
    this.page.wall.set({ ids: [], certainty: [], confirmed: [] }, "");
    heading(t("alike", { a, b }), "", [
      [t("later"), () => this.put(this.pair.join("\0"))],
      [t("different"), () => this.apart()],
      [t("same"), () => this.page.merge(b, a), "primary"],
    ]);
    $("empty").hidden = true;
    const sides = await Promise.all([a, b].map((folder) => get("/api/faces", { folder })));
    if (this.pair?.[0] !== a) return;
    const side = (name, { ids, total }) => element("section", {}, element("h3", { textContent: `${name} · ${t("faces", { n: total })}` }),
      element("div", { className: "faces" }, ...ids.slice(-IN_PAIR).map((id) => element("img", { src: faceUrl(id), alt: "" }))));
    $("strip").replaceChildren(element("div", { className: "pair" }, side(a, sides[0]), side(b, sides[1])));
    $("strip").hidden = false;
  }

  #nothing() {
    this.page.wall.set({ ids: [], certainty: [], confirmed: [] }, "");
    const waits = this.version !== this.page.version;
    heading(t("suggestions"), "");
    $("strip").hidden = true;
    $("empty").hidden = false;
    $("empty").textContent = t(waits ? "scoring" : this.total ? "allLater" : "allDone");
  }

  async put(key) {
    this.later.add(key);
    this.page.wall.crossed.clear();
    await this.#next();
    $("wall").focus();
  }

  /** Return: what is not crossed out is who it looks like, what is crossed out is not. One act. */
  async accept() {
    if (this.pair) return this.page.merge(this.pair[1], this.pair[0]);
    if (!this.shown || this.isBusy) return;
    this.isBusy = true;
    const { crossed } = this.page.wall;
    const part = (isOut) => this.shown.groups.map(({ folder, ids }) => ({ folder, faces: ids.filter((id) => crossed.has(id) === isOut) })).filter(({ faces }) => faces.length);
    try {
      const done = idsOf(this.shown);
      if (await this.page.answer(part(false), part(true))) this.forget(done);
    } finally {
      this.isBusy = false;
    }
    crossed.clear();
    await this.#next();
    $("wall").focus();
  }

  /** Ask no more about faces of which she has spoken. */
  forget(ids) {
    const done = new Set(ids);
    const rest = (groups) => groups.map((one) => {
      const left = one.ids.map((id) => !done.has(id));
      return { ...one, ids: one.ids.filter((_, i) => left[i]), probability: one.probability.filter((_, i) => left[i]) };
    }).filter((one) => one.ids.length);
    [this.together, this.every] = [rest(this.together), rest(this.every)];
  }

  /** Faces that she has put elsewhere leave the wall; what she crossed out stays so. */
  async leave(ids) {
    this.forget(ids);
    if (!this.shown || this.isBusy) return;
    const { wall } = this.page;
    for (const id of ids) wall.crossed.delete(id);
    this.shown.groups = this.shown.groups.map((one) => ({ ...one, ids: one.ids.filter((id) => !ids.includes(id)) })).filter((one) => one.ids.length);
    const left = new Set(this.shown.groups.map(({ folder }) => folder));
    const heads = [...wall.heads].filter(([, folder]) => !left.has(folder)).map(([id]) => id);
    if (left.size) wall.remove([...ids, ...heads]);
    else await this.#next();
  }

  async apart() {
    const pair = this.pair;
    if (await this.page.act({ do: "apart", pair })) this.pairs = this.pairs.filter((one) => one !== pair);
    await this.#next();
  }
}

const idsOf = (shown) => shown.groups.flatMap(({ ids }) => ids);
