// Dialogs: one that asks for a name with completion, one that asks yes or no, and plain panels.
import { folderName, t } from "./i18n.js";

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Show ``content`` in a dialog with ``title``; resolves to what it was closed with. */
export function panel(title, content, { buttons = [], className = "", focus } = {}) {
  return new Promise((resolve) => {
    const heading = element("h2", { textContent: title, id: `h${Date.now()}` });
    const row = element("div", { className: "row" });
    const dialog = element("dialog", { className }, heading, content, row);
    dialog.setAttribute("aria-labelledby", heading.id);
    for (const { value, text, kind = "" } of buttons.length ? buttons : [{ value: "", text: t("close"), kind: "primary" }]) {
      row.append(element("button", { type: "button", className: kind, textContent: text, onclick: () => dialog.close(value) }));
    }
    dialog.addEventListener("close", () => {
      dialog.remove();
      document.getElementById("wall").focus({ preventScroll: true });
      resolve(dialog.returnValue);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
    document.body.append(dialog);
    dialog.showModal();
    (focus || row.querySelector(".primary"))?.focus({ preventScroll: true });
  });
}

export async function confirmed(title, text, yes) {
  const answer = await panel(title, element("p", { textContent: text }), {
    buttons: [{ value: "", text: t("cancel") }, { value: "yes", text: yes, kind: "primary" }],
  });
  return answer === "yes";
}

/**
 * Ask for a folder by name, with completion. Resolves to its name, or "" where nothing was chosen.
 * ``isNew``: only a name that is not in use; ``mayCreate``: such a name is an answer too.
 */
export function askFolder({ title, folders, mayCreate, isNew = false, typed = "" }) {
  return new Promise((resolve) => {
    const input = element("input", { type: "text", value: typed, autocomplete: "off", spellcheck: false });
    input.setAttribute("aria-label", title);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", "choices");
    const list = element("ul", { id: "choices" });
    list.setAttribute("role", "listbox");
    const dialog = element("dialog", { className: "palette" }, element("h2", { textContent: title }), input, list);
    dialog.setAttribute("aria-label", title);
    let choices = [];
    let at = 0;

    function refresh() {
      const text = input.value.trim();
      const low = text.toLocaleLowerCase();
      const rank = (name) => {
        const shown = folderName(name).toLocaleLowerCase();
        if (shown === low) return 0;
        return shown.startsWith(low) ? 1 : shown.includes(low) ? 2 : 9;
      };
      const known = isNew ? [] : folders.filter((name) => rank(name) < 9).sort((a, b) => rank(a) - rank(b));
      choices = known.map((name) => ({ name, text: folderName(name) }));
      const taken = folders.some((name) => folderName(name).toLocaleLowerCase() === low || name.toLocaleLowerCase() === low);
      if (text && mayCreate && !taken) choices.push({ name: text, text: t("createNew", { name: text }) });
      at = Math.min(at, Math.max(choices.length - 1, 0));
      list.replaceChildren(...choices.map(choice));
      if (!choices.length && text) list.append(element("li", { textContent: t(isNew && taken ? "taken" : "noMatch") }));
      input.setAttribute("aria-activedescendant", choices.length ? `c${at}` : "");
    }

    function choice({ name, text }, i) {
      const item = element("li", { id: `c${i}`, onclick: () => dialog.close(name) }, text);
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(i === at));
      return item;
    }

    input.addEventListener("input", () => {
      at = 0;
      refresh();
    });
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.isComposing) return; // Hangul is still being put together
      if (event.key === "ArrowDown") at = Math.min(at + 1, choices.length - 1);
      else if (event.key === "ArrowUp") at = Math.max(at - 1, 0);
      else if (event.key !== "Enter" || !choices.length) return;
      event.preventDefault(); // or Return presses the button that has the focus next
      if (event.key === "Enter") return dialog.close(choices[at].name);
      refresh();
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
    dialog.addEventListener("close", () => {
      dialog.remove();
      document.getElementById("wall").focus({ preventScroll: true });
      resolve(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
    refresh();
    input.focus();
    input.setSelectionRange(typed.length, typed.length);
  });
}

let toastTimer = 0;

/** One line at the bottom, with what can be done about it. */
export function toast(text, { bad = false, action, actionText } = {}) {
  const box = document.getElementById("toast");
  box.className = bad ? "bad" : "";
  box.replaceChildren(element("span", { textContent: text }));
  if (action) box.append(element("button", { type: "button", textContent: actionText, onclick: action }));
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (box.hidden = true), bad ? 9000 : 6000);
}

/** For screen readers alone. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}
