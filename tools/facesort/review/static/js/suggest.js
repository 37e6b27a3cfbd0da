// Suggestions: faces that look like a person now, and people who look like one person.
import { faceUrl, get } from "./api.js";
import { element } from "./dialogs.js";
import { folderName, t } from "./i18n.js";
import { heading } from "./panels.js";

const KNOWN = 8; // faces of the person, to compare with
const IN_PAIR = 12;
const SURE = 0.98; // from here on a face is suggested together with those of other people
const TOGETHER = 6; // faces, from which on that is worth it
const $ = (id) => document.getElementById(id);

export class Suggestions {
  constructor(page) {
    this.page = page;
    this.every = [];
    this.pairs = [];
    this.later = new Set();
  }

  get total() {
    return this.every.length + this.pairs.length;
  }

  get folder() {
    return this.shown?.folder;
  }

  /** All that is as sure as a name has to be, of several people: one look, one act. */
  get #together() {
    const groups = this.every.map(({ folder, ids, probability }) => ({ folder, probability, ids: ids.filter((_, i) => probability[i] >= SURE) }));
    const sure = groups.filter(({ ids }) => ids.length);
    const ids = sure.flatMap((one) => one.ids);
    return sure.length > 1 && ids.length >= TOGETHER ? { folder: "", groups: sure, ids, probability: sure.flatMap((one) => one.probability.slice(0, one.ids.length)) } : null;
  }

  async count() {
    const { suggestions, pairs, version } = await get("/api/suggestions");
    [this.every, this.pairs, this.version] = [suggestions, pairs, version];
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
    const key = (one) => one.folder ?? one.join("\0");
    const open = (one) => !this.later.has(key(one));
    const together = this.#together;
    const found = together && open(together) ? together : this.every.find(open);
    const same = this.shown && found && found.folder === this.shown.folder && found.ids.join() === this.shown.ids.join();
    if (same) return;
    this.shown = found ?? null;
    this.pair = found ? null : this.pairs.find(open) ?? null;
    if (this.shown) await this.#faces();
    else if (this.pair) await this.#people();
    else this.#nothing();
  }

  async #faces() {
    const { folder, ids, probability } = this.shown;
    const { wall } = this.page;
    wall.picture = faceUrl;
    const names = new Map((this.shown.groups ?? []).flatMap((one) => one.ids.map((id) => [id, one.folder])));
    wall.set({ ids: [...ids], certainty: probability.map((one) => Math.round(1000 * one)), confirmed: ids.map(() => 0) }, folder, { names });
    wall.onChange = () => (this.page.isSuggesting() ? this.#head() : this.page.heading());
    this.#head();
    if (this.shown.groups) {
      $("strip").hidden = true;
      return;
    }
    const { ids: known, confirmed } = await get("/api/faces", { folder });
    const best = known.map((id, i) => [confirmed[i], i, id]).sort((a, b) => b[0] - a[0] || b[1] - a[1]).slice(0, KNOWN);
    if (this.shown?.folder !== folder) return;
    $("strip").replaceChildren(
      element("span", { className: "who", textContent: t("known", { folder: folderName(folder) }) }),
      ...best.map(([, , id]) => element("img", { src: faceUrl(id), alt: "" })),
    );
    $("strip").hidden = !best.length;
  }

  #head() {
    if (!this.shown) return;
    const { folder, ids, groups, lookAlikes } = this.shown;
    const crossed = this.page.wall.crossed.size;
    const name = folderName(folder);
    const title = groups ? t("together", { n: ids.length, people: groups.length }) : t("looksLike", { n: ids.length, folder: name });
    const twice = lookAlikes?.length ? ` ${t("lookTwice", { folder: name, others: lookAlikes.join(", ") })}` : "";
    heading(title, t("looksLikeHint") + twice, [
      [t("later"), () => this.put(folder)],
      [crossed ? t("yesRest", { n: ids.length - crossed }) : t("yesAll"), () => this.accept(), "primary"],
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
    $("empty").textContent = waits ? t("scoring") : t("allDone");
  }

  async put(key) {
    this.later.add(key);
    this.page.wall.crossed.clear();
    await this.#next();
    $("wall").focus();
  }

  /** Return: what is not crossed out is who it looks like, what is crossed out is not. */
  async accept() {
    if (this.pair) return this.page.merge(this.pair[1], this.pair[0]);
    if (!this.shown || this.isBusy) return;
    this.isBusy = true;
    const { folder, ids, groups = [{ folder, ids }] } = this.shown;
    const crossed = [...this.page.wall.crossed];
    const out = new Set(crossed);
    const right = groups.map((one) => ({ folder: one.folder, faces: one.ids.filter((id) => !out.has(id)) })).filter(({ faces }) => faces.length);
    try {
      for (const one of groups) {
        const wrong = one.ids.filter((id) => out.has(id));
        if (wrong.length) await this.page.dismiss(wrong, one.folder);
      }
      if (right.length === 1) await this.page.assign(right[0].folder, right[0].faces);
      else if (right.length) await this.page.assignEach(right);
    } finally {
      this.isBusy = false;
    }
    this.page.wall.crossed.clear();
    const done = new Set(ids);
    this.every = this.every.map((one) => {
      const left = one.ids.map((id) => !done.has(id));
      return { ...one, ids: one.ids.filter((_, i) => left[i]), probability: one.probability.filter((_, i) => left[i]) };
    }).filter((one) => one.ids.length);
    await this.#next();
    $("wall").focus();
  }

  async apart() {
    const pair = this.pair;
    if (await this.page.act({ do: "apart", pair })) this.pairs = this.pairs.filter((one) => one !== pair);
    await this.#next();
  }
}
