// Panels: what changed, how far the work is, keys, settings, hand over, delete.
import { get, post } from "./api.js";
import { element, panel, toast } from "./dialogs.js";
import { folderName, language, LANGUAGES, setLanguage, t } from "./i18n.js";
import { HELP } from "./keys.js";

const $ = (id) => document.getElementById(id);

export function heading(title, hint, buttons = []) {
  const made = buttons.map(([text, onclick, className = ""]) => element("button", { type: "button", textContent: text, className, onclick }));
  $("heading").replaceChildren(element("h2", { textContent: title }), element("span", { className: "hint", textContent: hint }), element("span", { className: "spacer" }), ...made);
}

export function applyTheme() {
  const wanted = localStorage.getItem("facesort.theme") || "auto";
  const dark = wanted === "dark" || (wanted === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);

export async function history(page) {
  const acts = await get("/api/history");
  const list = element("ol", { className: "acts" });
  let back = 0;
  acts.forEach((act, i) => {
    const into = act.folders.map(([folder, n]) => `${folderName(folder)} (${n})`).join(", ");
    const time = act.when ? new Date(act.when).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit" }) : "";
    const button = element("button", { type: "button", textContent: t("backTo"), onclick: () => {
      back = i + 1;
      list.closest("dialog").close("back");
    } });
    list.append(element("li", {}, element("time", { textContent: time }), element("span", { textContent: `${t(`act_${act.kind}`)}${into ? `: ${into}` : ""}` }), button));
  });
  if (!acts.length) list.append(element("li", { textContent: t("historyEmpty") }));
  await panel(t("historyTitle"), list);
  for (let i = 0; i < back; i++) await page.undo();
}

export function progress(now) {
  const rows = [["progressMain", now.main], ["progressConfirmed", now.confirmed], ["progressSure", now.sure], ["progressOpen", now.open], ["progressMoves", now.movesLeft]];
  const table = element("table", {}, ...rows.map(([key, n]) => element("tr", {}, element("td", { textContent: t(key) }), element("td", { textContent: n.toLocaleString(language()) }))));
  const masked = element("p", { textContent: `${t("progressMasked")} ${now.withoutMasked.join(", ") || t("none")}` });
  return panel(t("progressTitle"), element("div", {}, table, masked));
}

export function help() {
  const table = element("table", {}, ...HELP.map(([keys, key]) => element("tr", {}, element("td", {}, element("kbd", { textContent: keys })), element("td", { textContent: t(key) }))));
  return panel(t("helpTitle"), element("div", {}, element("div", { className: "columns" }, table), element("p", { textContent: t("helpMouse") })));
}

function choice(label, options, value, onchange) {
  const select = element("select", {}, ...options.map(([key, text]) => element("option", { value: key, textContent: text, selected: key === value })));
  select.onchange = () => onchange(select.value);
  return element("label", { className: "line" }, element("span", { textContent: label }), select);
}

export async function more(page) {
  const themes = [["auto", t("themeAuto")], ["light", t("themeLight")], ["dark", t("themeDark")]];
  const content = element("div", {},
    choice(t("language"), Object.entries(LANGUAGES), language(), async (value) => {
      await setLanguage(value);
      page.label();
      page.refresh();
      content.closest("dialog").close("");
    }),
    choice(t("theme"), themes, localStorage.getItem("facesort.theme") || "auto", (value) => {
      localStorage.setItem("facesort.theme", value);
      applyTheme();
    }));
  const buttons = [{ value: "forget", text: t("forget"), kind: "danger" }];
  if (page.summary.byPerson) buttons.push({ value: "handOver", text: t("handOver") });
  buttons.push({ value: "", text: t("close"), kind: "primary" });
  const answer = await panel(t("moreTitle"), content, { buttons });
  if (answer === "handOver") await handOver(page);
  if (answer === "forget") await forget();
}

async function handOver(page) {
  const people = page.summary.folders.filter(({ name, count }) => !name.startsWith("_") && count).map(({ name }) => name);
  const box = (label, checked) => {
    const input = element("input", { type: "checkbox", checked });
    return [input, element("label", { className: "line" }, input, label)];
  };
  const who = element("select", {}, element("option", { value: "", textContent: t("handOverAll") }), ...people.map((name) => element("option", { value: name, textContent: name })));
  const others = element("select", {}, ...[["blur", "othersBlur"], ["cover", "othersCover"], ["keep", "othersKeep"]].map(([value, key]) => element("option", { value, textContent: t(key) })));
  const consent = people.map((name) => [name, ...box(name, false)]);
  const [zip, zipLine] = box(t("handOverZip"), false);
  const content = element("div", {},
    element("p", { textContent: t("handOverText") }),
    element("label", { className: "line" }, t("handOverWho"), who),
    element("label", { className: "line" }, t("handOverOthers"), others),
    zipLine, element("p", { textContent: t("handOverConsent") }),
    element("div", { className: "columns" }, ...consent.map(([, , line]) => line)));
  const answer = await panel(t("handOverTitle"), content, { focus: who, buttons: [{ value: "", text: t("cancel") }, { value: "do", text: t("handOverDo"), kind: "primary" }] });
  if (answer !== "do") return;
  const body = { people: who.value ? [who.value] : people, others: others.value, consent: consent.filter(([, input]) => input.checked).map(([name]) => name), zip: zip.checked };
  try {
    const done = await post("/api/hand-over", body);
    await panel(t("handOverTitle"), element("p", { textContent: t("handOverDone", done) }));
  } catch (error) {
    toast(error.message, { bad: true });
  }
}

async function forget() {
  const word = t("forgetWord");
  const input = element("input", { type: "text", autocomplete: "off" });
  input.setAttribute("aria-label", t("forgetType", { word }));
  const content = element("div", {}, element("p", { textContent: t("forgetText") }), element("p", { textContent: t("forgetType", { word }) }), input);
  const answer = await panel(t("forgetTitle"), content, { focus: input, buttons: [{ value: "", text: t("cancel") }, { value: "do", text: t("forgetDo"), kind: "danger" }] });
  if (answer !== "do" || input.value.trim() !== word) return;
  try {
    const { n } = await post("/api/forget", { sure: true });
    document.getElementById("frame").hidden = document.getElementById("bar").hidden = true;
    $("locked").hidden = false;
    $("locked").textContent = t("forgetDone", { n });
  } catch (error) {
    toast(error.message, { bad: true });
  }
}
