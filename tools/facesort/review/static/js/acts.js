// What is done: acts go to the server one after the other, and the page follows the answer.
import { post } from "./api.js";
import { announce, askFolder, confirmed, toast } from "./dialogs.js";
import { folderName, t } from "./i18n.js";

/** The page's acts; `main.js` has what it shows. */
export class Acts {
  /** Send an act; the answer, or nothing where it was refused. Acts go one after the other. */
  act(body, path = "/api/act") {
    const done = (this.queue ?? Promise.resolve()).then(() => this.#send(path, body));
    this.queue = done.catch(() => {});
    return done;
  }

  async #send(path, body) {
    try {
      const answer = await post(path, body);
      this.version = answer.version;
      this.#follow(answer, body);
      return answer;
    } catch (error) {
      toast(error.message, { bad: true });
      if (error.status === 400 || error.status === 404) await this.refresh();
      return null;
    }
  }

  #follow(answer, body) {
    const { summary } = this;
    const counts = new Map(summary.folders.map((folder) => [folder.name, folder]));
    for (const [id, before, after] of answer.moved) {
      if (before) counts.get(before).count -= 1;
      if (after && !counts.has(after)) {
        const made = { name: after, count: 0 };
        counts.set(after, made);
        summary.folders.splice(summary.folders.filter(({ name }) => !name.startsWith("_")).length, 0, made);
      }
      if (after) counts.get(after).count += 1;
      if (after && !counts.get(after).cover) counts.get(after).cover = id;
    }
    [summary.undo, summary.redo] = [answer.undo, answer.redo];
    if (this.isSuggesting()) this.suggestions.leave(answer.moved.map(([id]) => id));
    else if (!this.isPhotos) {
      const away = answer.moved.filter(([, , after]) => after !== this.current).map(([id]) => id);
      const here = answer.moved.filter(([, , after]) => after === this.current);
      this.wall.confirm(body.faces ?? []);
      if (away.length) this.wall.remove(away);
      if (here.length) this.openFaces(this.current, { keep: true });
    }
    this.frame();
    for (const folder of new Set(answer.moved.map(([, , after]) => after))) this.folders.flash(folder);
    const [why] = Object.values(answer.problems);
    if (why) toast(t("problems", { n: Object.keys(answer.problems).length, why }), { bad: true });
  }

  #say(text) {
    announce(text);
    toast(text, { action: () => this.undo(), actionText: t("undo") });
  }

  get chosen() {
    if (this.photo.isOpen) return this.photo.focused ? [this.photo.focused.id] : [];
    return this.isPhotos ? [] : this.wall.chosen;
  }

  /** Photos in focus, where the wall shows photos. */
  get photosChosen() {
    return this.isPhotos && !this.photo.isOpen ? this.wall.chosen : [];
  }

  /** ``folder`` is in these photos although no face shows it, or is not. */
  async setPresence(folder, isThere = true, photos = this.photosChosen) {
    if (!photos.length || !folder || folder.startsWith("_") || !this.summary.byPerson) return;
    const answer = await this.act({ do: "presence", photos, folder, isThere });
    if (!answer) return;
    this.#say(t(isThere ? "present" : "absent", { n: photos.length, folder }));
    await this.refresh();
  }

  async assign(folder, ids = this.chosen) {
    if (this.photosChosen.length) return this.setPresence(folder);
    if (!ids.length || !folder) return;
    const answer = await this.act({ do: "assign", faces: ids, folder });
    const [[likely, n] = []] = answer?.doubts ?? [];
    if (likely) toast(t("doubt", { n, likely, folder: folderName(folder) }), { bad: true, action: () => this.undo(), actionText: t("undo") });
    else if (answer) this.#say(t("moved", { n: ids.length, folder: folderName(folder) }));
    if (answer && this.photo.isOpen) await this.photo.refresh();
  }

  /** ``groups``: a folder and faces that belong there, ``never``: that do not; one act. */
  async answer(groups, never) {
    const answer = await this.act({ do: "answer", groups, never });
    const count = (some) => some.reduce((sum, { faces }) => sum + faces.length, 0);
    const [[one] = [], n, out] = [groups.length ? groups : never, count(groups), count(never)];
    const folder = folderName(one.folder);
    const text = groups.length > 1 ? t("movedEach", { n, people: groups.length }) : n ? t("moved", { n, folder }) : t("dismissed", { n: out, folder });
    if (answer) this.#say(text);
    return answer;
  }

  assignKey(number) {
    const folder = this.folders.byKey[number - 1];
    if (folder) this.assign(folder);
  }

  /** Right as it is; among suggestions, all that is not crossed out. */
  async enter() {
    if (this.photo.isOpen) return this.#enterInPhoto();
    if (this.isSuggesting()) return this.suggestions.accept();
    if (this.isPhotos) return this.openPhoto();
    const ids = this.chosen;
    if (!ids.length) return;
    const next = this.wall.ids[this.wall.place.get(ids[ids.length - 1]) + 1];
    const answer = await this.act({ do: "confirm", faces: ids });
    if (!answer) return;
    this.wall.selected.clear();
    this.wall.focusOn(this.wall.place.get(next) ?? this.wall.focus);
    this.#say(t("confirmed", { n: ids.length }));
  }

  async #enterInPhoto() {
    const faces = this.chosen;
    if (!faces.length || !(await this.act({ do: "confirm", faces }))) return;
    this.#say(t("confirmed", { n: 1 }));
    await this.photo.refresh();
  }

  /** The folder that a "not this person" is about. */
  get #meant() {
    if (this.photo.isOpen) return this.photo.focused?.folder;
    return this.isSuggesting() ? this.suggestions.folder : this.current;
  }

  async dismiss(ids = this.chosen, folder = this.#meant) {
    if (this.photosOf && !this.photo.isOpen) return this.setPresence(this.photosOf, false);
    ids = ids.filter((id) => (this.wall.names.get(id) ?? folder) === folder); // suggested for others
    if (!ids.length || !folder || folder.startsWith("_")) return;
    const answer = await this.act({ do: "dismiss", faces: ids, folder });
    if (answer) this.#say(t("dismissed", { n: ids.length, folder: folderName(folder) }));
    if (answer && this.photo.isOpen) await this.photo.refresh();
  }

  async newPerson(ids = this.chosen) {
    if (!this.summary.byPerson || !(ids.length || this.photosChosen.length)) return;
    const name = await askFolder({ title: t("namePerson"), folders: this.names, mayCreate: true, isNew: true });
    if (name) await this.assign(name, ids);
  }

  async askFolder(typed) {
    const [ids, photos] = [this.chosen, this.photosChosen];
    if (!ids.length && !photos.length) return;
    const names = photos.length ? this.names.filter((name) => !name.startsWith("_")) : this.names;
    const folder = await askFolder({ title: t("assignTo"), folders: names, mayCreate: this.summary.byPerson, typed });
    if (folder) await this.assign(folder, ids);
  }

  /** Rename a person; where the other name is taken, the two become one, after a question. */
  async merge(old, wanted) {
    const known = this.summary.folders.find(({ name }) => name === wanted);
    const count = this.summary.folders.find(({ name }) => name === old).count;
    if (known && !(await confirmed(t("mergeTitle", { old, new: wanted }), t("mergeText", { n: count, old, new: wanted }), t("merge")))) return;
    const answer = await this.act({ do: "merge", old, new: wanted });
    if (!answer) return;
    this.#say(t("merged", { old, new: wanted, n: answer.moved.length }));
    await this.refresh();
    await this.open(wanted);
  }

  /** What came back is what the next act is about. */
  #chooseAgain(ids) {
    const here = ids.filter((id) => this.wall.place.has(id));
    if (!here.length) return;
    this.wall.selected = new Set(here.length > 1 && !this.isSuggesting() ? here : []);
    this.wall.focusOn(Math.min(...here.map((id) => this.wall.place.get(id))));
  }

  rename() {
    this.folders.rename(this.current);
  }

  async undo() {
    await this.#back("/api/undo", "undone");
  }

  async redo() {
    await this.#back("/api/redo", "redone");
  }

  async #back(path, words) {
    await this.queue; // an act that is on its way counts
    if (path === "/api/undo" ? !this.summary.undo : !this.summary.redo) return;
    const answer = await this.act({}, path);
    if (!answer) return;
    const text = t(answer.moved.length ? words : `${words}Act`, { n: answer.moved.length });
    announce(text);
    toast(text);
    await this.refresh();
    if (this.photo.isOpen) await this.photo.refresh();
    else if (document.activeElement === document.body) this.wall.element.focus({ preventScroll: true }); // its button is gone
    if (!this.photo.isOpen) this.#chooseAgain(answer.moved.map(([id]) => id));
  }
}
