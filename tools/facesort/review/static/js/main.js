// The page: holds what is shown, sends acts to the server, and follows what the server says.
import { Acts } from "./acts.js";
import { get, listen, openSession } from "./api.js";
import { toast } from "./dialogs.js";
import { pointers } from "./drag.js";
import { FolderList, SUGGESTIONS } from "./folders.js";
import { folderName, language, setLanguage, t } from "./i18n.js";
import { keyboard } from "./keys.js";
import * as panels from "./panels.js";
import { PhotoView } from "./photo.js";
import { Suggestions } from "./suggest.js";
import { Wall } from "./wall.js";

const PHOTOS_OF = "\0photos of ";
const FIRST = 300; // faces that come before the rest of a folder
const $ = (id) => document.getElementById(id);

class Page extends Acts {
  constructor() {
    super();
    this.wall = new Wall($("wall"));
    this.folders = new FolderList($("folders"), {
      open: (folder) => this.open(folder),
      rename: (old, wanted) => this.merge(old, wanted),
      newPerson: () => this.newPerson(),
    });
    this.suggestions = new Suggestions(this);
    this.photo = new PhotoView($("photo"), {
      act: (body) => this.act(body),
      folders: () => this.names,
      mayCreate: () => this.summary.byPerson,
      ask: () => this.askFolder(),
      closed: (face) => this.#photoClosed(face),
    });
    this.wall.onChange = () => this.heading();
    pointers(this.wall, $("folders"), {
      open: () => this.openPhoto(),
      drop: (ids, folder) => (folder === null ? this.newPerson(ids) : this.assign(folder, ids)),
      merge: (old, wanted) => this.merge(old, wanted),
      isSuggesting: () => this.isSuggesting(),
    });
    for (const name of ["assign", "dismiss", "undo", "redo", "open", "refresh"]) this.#follows(name);
    this.current = null;
    this.version = -1;
    this.scored = -1;
  }

  /** ``working`` ends when all that was begun is done, and drawn. */
  #follows(name) {
    const own = this[name].bind(this);
    this[name] = (...values) => {
      const done = own(...values);
      this.working = Promise.allSettled([this.working, done]);
      return done;
    };
  }

  get names() {
    return this.summary.folders.map(({ name }) => name);
  }

  get isPhotos() {
    return this.current === this.summary.withoutFaces.name || Boolean(this.photosOf);
  }

  /** The person whose photos without a face are shown, if any. */
  get photosOf() {
    return this.current?.startsWith(PHOTOS_OF) ? this.current.slice(PHOTOS_OF.length) : "";
  }

  isSuggesting() {
    return this.current === SUGGESTIONS;
  }

  /** ``summary`` brings the faces that are shown first with it. */
  async start({ first, ...summary }) {
    this.summary = summary;
    $("frame").hidden = $("bar").hidden = false;
    this.#buttons();
    keyboard(this);
    await this.open(first.folder, first);
    listen((event) => this.#heard(event), () => this.notice(t("lost")));
  }

  // what is shown ------------------------------------------------------------------------------

  async open(folder, first = null) {
    this.current = folder;
    if (this.isSuggesting()) await this.suggestions.show();
    else if (this.isPhotos) await this.#openPhotos();
    else await this.openFaces(folder, { first });
    this.frame();
    if (!this.folders.isNaming) this.wall.element.focus({ preventScroll: true });
  }

  async openFaces(folder, { keep = false, first = null } = {}) {
    this.suggestions.hide();
    first ??= await get("/api/faces", { folder, count: keep ? 1e6 : FIRST });
    if (this.current !== folder) return;
    this.wall.picture = (id) => `/face/${id}.jpg`;
    this.wall.set(first, folder, { keep });
    if (!keep && first.total > first.ids.length) {
      this.frame();
      const rest = await get("/api/faces", { folder, start: FIRST });
      if (this.current === folder && rest.version === first.version) this.wall.extend(rest);
      else if (this.current === folder) await this.openFaces(folder, { keep: true });
    }
  }

  async #openPhotos() {
    this.suggestions.hide();
    const { ids } = await get("/api/photos", this.photosOf ? { of: this.photosOf } : {});
    this.wall.picture = (id) => `/photo/${id}.jpg?small=1`;
    this.wall.set({ ids, certainty: ids.map(() => -1), confirmed: ids.map(() => 0) }, this.current);
  }

  frame() {
    const { summary } = this;
    const { main, confirmed: byHand, sure, movesLeft } = summary.progress;
    $("title").textContent = summary.title;
    document.title = `${summary.title} – facesort`;
    const [first, second] = document.querySelectorAll(".meter i");
    first.style.width = `${(100 * byHand) / Math.max(main, 1)}%`;
    second.style.width = `${(100 * sure) / Math.max(main, 1)}%`;
    const done = main ? Math.floor((100 * (byHand + sure)) / main) : 0;
    document.querySelector(".meter").setAttribute("aria-valuenow", done);
    document.querySelector(".meter").setAttribute("aria-label", t("progressTitle"));
    $("progress-text").textContent = t("progress", { done, main, moves: movesLeft, n: movesLeft });
    $("undo").disabled = !summary.undo;
    $("redo").disabled = !summary.redo;
    this.folders.show(summary, this.current, this.suggestions.total);
    const [lesson] = summary.refused;
    const untaught = lesson ? t("untaught", { n: lesson.faces, ...lesson }) : "";
    this.notice(summary.problem ? t("waiting", { why: summary.problem }) : untaught || (summary.news[0] ?? ""));
    this.heading();
  }

  heading() {
    if (!this.current || this.isSuggesting()) return;
    const { wall } = this;
    const total = wall.ids.length;
    const line = wall.selected.size ? t("selected", { n: wall.selected.size }) : `${t("faces", { n: total })} · ${t("leastFirst")}`;
    const count = this.summary.present[this.current] ?? 0;
    const more = count ? [[t("withoutFace", { n: count }), () => this.open(PHOTOS_OF + this.current)]] : [];
    const back = this.photosOf ? [[t("close"), () => this.open(this.photosOf)]] : more;
    const title = this.photosOf || folderName(this.current);
    const photos = this.photosOf ? t("withoutFaceHint") : this.summary.byPerson && total ? t("photosHint") : "";
    panels.heading(title, this.isPhotos ? photos : line, back);
    $("empty").hidden = total > 0;
    $("empty").textContent = t(this.isPhotos ? "noPhotos" : "emptyFolder");
    $("wall").setAttribute("aria-label", title);
  }

  notice(text) {
    $("notice").textContent = text;
    $("notice").hidden = !text;
  }

  // ways about ---------------------------------------------------------------------------------

  beside(by) {
    this.open(this.folders.beside(this.current, by));
  }

  openSuggestions() {
    this.open(SUGGESTIONS);
  }

  async openPhoto() {
    const id = this.wall.ids[this.wall.focus];
    if (id && !this.wall.heads.has(id)) await (this.isPhotos ? this.photo.openPhoto(id) : this.photo.openFace(id)).catch((error) => toast(error.message, { bad: true }));
  }

  async #photoClosed(face) {
    await this.refresh();
    const i = this.wall.place.get(face);
    if (i !== undefined) this.wall.focusOn(i);
    this.wall.element.focus();
  }

  help() {
    panels.help();
  }

  resize(by) {
    this.wall.size = Math.max(72, Math.min(260, this.wall.size + by));
    $("size").value = this.wall.size;
    localStorage.setItem("facesort.size", this.wall.size);
    this.wall.layout();
    this.wall.reveal();
  }

  /** Read anew what is shown, and stay where she is. */
  async refresh() {
    this.summary = await get("/api/summary");
    const isThere = this.isSuggesting() || this.isPhotos || this.names.includes(this.current);
    if (!isThere) [this.current] = this.names; // a new person who was taken back
    if (this.isSuggesting()) await this.suggestions.load();
    else if (this.isPhotos) await this.#openPhotos();
    else await this.openFaces(this.current, { keep: true });
    this.frame();
  }

  async #heard(event) {
    await this.queue; // what an act of ours has changed is no news
    const isNew = event.version > this.version && this.version !== -1;
    const isScored = event.scoredVersion !== this.scored;
    [this.version, this.scored] = [Math.max(event.version, this.version), event.scoredVersion];
    if (isNew) return this.refresh();
    if (isScored || event.problem !== this.summary.problem) {
      this.summary = await get("/api/summary");
      await this.suggestions.count();
      this.frame();
    }
  }

  #buttons() {
    $("undo").onclick = () => this.undo();
    $("redo").onclick = () => this.redo();
    $("help").onclick = () => this.help();
    $("history").onclick = () => panels.history(this);
    $("progress-text").onclick = () => panels.progress(this.summary.progress);
    $("more").onclick = () => panels.more(this);
    $("size").oninput = () => this.resize(Number($("size").value) - this.wall.size);
    this.resize(Number(localStorage.getItem("facesort.size") || 128) - this.wall.size);
    this.label();
  }

  label() {
    for (const [id, key] of Object.entries({ undo: "undo", redo: "redo", help: "help", more: "more" })) {
      $(id).title = t(key);
      $(id).setAttribute("aria-label", t(key));
    }
    $("size").setAttribute("aria-label", t("size"));
  }
}

async function main() {
  panels.applyTheme();
  try {
    await setLanguage(language());
    await openSession();
    const summary = await get("/api/summary", { first: FIRST });
    if (summary) await (window.facesort = new Page()).start(summary);
    else await (await import("./start.js")).startScreen($("start"));
  } catch (error) {
    $("locked").hidden = false;
    $("locked").textContent = error.status === 401 ? t("openTerminal") : error.message;
  }
}

main();
