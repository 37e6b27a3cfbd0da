// Every key of the page, in one place; the help lists them from here.

export const HELP = [
  ["← ↑ → ↓", "key_arrows"], ["Space", "key_space"], ["Shift+← ↑ → ↓", "key_shift"], ["Ctrl+A", "key_all"],
  ["1 … 9", "key_number"], ["A … Z", "key_letter"], ["Enter", "key_enter"], ["Delete", "key_delete"],
  ["Backspace", "key_backspace"], ["N", "key_n"], ["U", "key_u"], ["Shift+Enter", "key_open"], ["B  +", "key_photo"],
  ["[  ]", "key_folder"], ["F2", "key_rename"], [".", "key_suggest"], ["Ctrl+Z", "key_undo"],
  ["Ctrl+Y", "key_redo"], ["+  −", "key_size"], ["Esc", "key_escape"],
];
const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"];

/** ``page``: the wall, the photo view and what can be done; see main.js. */
export function keyboard(page) {
  addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]") || event.target.matches?.("input, select")) return;
    if (document.getElementById("frame").hidden) return;
    if (handle(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });

  function handle(event) {
    const { key } = event;
    const control = event.ctrlKey || event.metaKey;
    if (control && key.toLowerCase() === "z") return event.shiftKey ? page.redo() : page.undo(), true;
    if (control && key.toLowerCase() === "y") return page.redo(), true;
    if (page.photo.isOpen) return page.photo.key(event) || assignment(event, control);
    const onButton = event.target.closest?.("button, a");
    if (onButton && (key === "Enter" || key === " ")) return false; // the button's own
    if (control && key.toLowerCase() === "a") return page.isSuggesting() ? page.wall.crossAll() : page.wall.selectAll(), true;
    if (MOVES.includes(key) && !control && !event.altKey) return page.wall.step(key, event.shiftKey), true;
    if (key === " ") return page.isSuggesting() ? page.wall.cross(page.wall.focus) : page.wall.toggle(page.wall.focus), true;
    if (key === "Escape") return page.wall.deselect(), true;
    if (key === "Enter" && event.shiftKey) return page.openPhoto(), true;
    if (key === "F2") return page.rename(), true;
    if (key === "[" || key === "]") return page.beside(key === "]" ? 1 : -1), true;
    if (key === ".") return page.openSuggestions(), true;
    if (key === "+" || key === "-") return page.resize(key === "+" ? 16 : -16), true;
    return assignment(event, control);
  }

  function assignment(event, control) {
    const { key } = event;
    if (control || event.altKey) return false;
    if (/^[1-9]$/.test(key)) return page.assignKey(Number(key)), true;
    if (key === "Enter") return event.target.closest?.("header") ? false : (page.enter(), true);
    if (key === "Delete") return page.assign("_not_a_face"), true;
    if (key === "Backspace") return page.dismiss(), true;
    if (key === "?") return page.help(), true;
    if (key.toLowerCase() === "u") return page.assign("_unsure"), true;
    if (key.toLowerCase() === "n") return page.newPerson(), true;
    if (key === "/" || isLetter(key)) return page.askFolder(key === "/" ? "" : key), true;
    return false;
  }
}

const isLetter = (key) => [...key].length === 1 && /\p{L}/u.test(key);
