// The start screen: choose an album, sort it, then review.
import { get, post } from "./api.js";
import { element, toast } from "./dialogs.js";
import { t } from "./i18n.js";

const POLL_MS = 700;

export async function startScreen(root) {
  const chosen = { album: null, examples: null, by: "person" };
  root.hidden = false;

  function picker(title, hint, name) {
    const path = element("p", { className: "path" });
    const list = element("ul");
    const done = element("p");
    const choose = element("button", { type: "button", className: "primary", textContent: t("choose") });
    const card = element("section", { className: "card" }, element("h2", { textContent: title }), hint ? element("p", { textContent: hint }) : "", path, list, element("div", { className: "row" }, choose, done));
    async function open(folder) {
      const here = await get("/api/folders", folder ? { folder } : {});
      path.textContent = here.name;
      const line = (text, more, id) => element("li", {}, element("button", { type: "button", onclick: () => open(id) }, element("b", { textContent: text }), element("span", { textContent: more })));
      list.replaceChildren(...(here.id ? [line(`↰ ${t("up")}`, "", here.up)] : []), ...here.folders.map((one) => line(one.name, "", one.id)));
      choose.disabled = !here.id;
      done.textContent = here.photos ? t("photosHere", { n: here.photos }) : "";
      choose.onclick = () => {
        chosen[name] = here.id;
        done.textContent = `${t("chosen")}: ${here.name}`;
        refresh();
      };
      if (here.isSorted && name === "album") {
        done.replaceChildren(element("button", { type: "button", textContent: t("openThis"), onclick: () => review(here.id) }));
      }
    }
    const atHome = async () => open((await get("/api/folders")).folders[0]?.id);
    atHome().catch((error) => toast(error.message, { bad: true }));
    return card;
  }

  const by = element("select", {}, element("option", { value: "person", textContent: t("byPerson") }), element("option", { value: "class", textContent: t("byClass") }));
  by.onchange = () => (chosen.by = by.value);
  const go = element("button", { type: "button", className: "primary", textContent: t("start"), disabled: true, onclick: sort });
  const bar = element("progress", { max: 1, hidden: true });
  const said = element("pre", { hidden: true });
  const line = element("p");
  const stop = element("button", { type: "button", textContent: t("stop"), hidden: true, onclick: () => post("/api/sort/stop") });
  root.replaceChildren(
    element("h1", { textContent: t("startTitle") }), element("p", { textContent: t("startText") }),
    picker(t("startAlbum"), "", "album"), picker(t("startExamples"), t("startExamplesText"), "examples"),
    element("section", { className: "card" }, element("h2", { textContent: t("startHow") }), element("div", { className: "row" }, by, go, stop), line, bar, said));

  function refresh() {
    go.disabled = !chosen.album;
  }

  async function sort() {
    try {
      await post("/api/sort", chosen);
      follow();
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  async function review(id) {
    try {
      await post("/api/review", { folder: id });
      location.reload();
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  async function follow() {
    const now = await get("/api/sort");
    if (now.state === "none") return;
    const runs = now.state === "running";
    [bar.hidden, said.hidden, stop.hidden, go.disabled] = [!runs, false, !runs, runs || !chosen.album];
    if (now.total) [bar.max, bar.value] = [now.total, now.done];
    else bar.removeAttribute("value");
    said.textContent = now.lines.join("\n");
    said.scrollTop = said.scrollHeight;
    if (runs) {
      line.textContent = now.total ? `${t("running")} ${now.done} / ${now.total}` : t("running");
      setTimeout(follow, POLL_MS);
    } else if (now.state === "done") {
      line.replaceChildren(`${t("finished")} `, element("button", { type: "button", className: "primary", textContent: t("review"), onclick: () => review("") }));
      line.scrollIntoView({ block: "center" });
    } else line.textContent = t("failed");
  }
  await follow();
}
