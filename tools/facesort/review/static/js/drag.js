// The pointer on the wall and on the list of folders: click, range, band, carry, drop.
import { t } from "./i18n.js";

const FAR_PX = 6; // from here on a press is a drag
const AGAIN_MS = 30; // what is held still at an edge of the list goes on scrolling it
const DOUBLE_MS = 350; // two taps on a face open its photo
const HOLD_MS = 260; // a finger that rests so long carries; before, it scrolls

/** ``actions``: open(id), drop(ids, folder), merge(old, new), isSuggesting(). */
export function pointers(wall, nav, actions) {
  let press = null;
  let tapped = { at: -Infinity };

  wall.element.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button")) return;
    const tile = event.target.closest(".tile");
    const face = tile?.dataset.face;
    const onBar = event.offsetX > wall.element.clientWidth && !tile;
    if (onBar) return;
    wall.element.focus({ preventScroll: true });
    press = { x: event.clientX, y: event.clientY, face, kind: "press", touch: event.pointerType === "touch", before: event.shiftKey || event.ctrlKey || event.metaKey ? new Set(wall.selected) : new Set(), id: event.pointerId };
    if (face) onHold(carryFaces);
  });

  nav.addEventListener("pointerdown", (event) => {
    const item = event.target.closest(".folder[data-person]");
    if (event.button || !item || event.target.closest("input")) return;
    press = { x: event.clientX, y: event.clientY, person: item.dataset.folder, kind: "press", touch: event.pointerType === "touch", id: event.pointerId };
    onHold(carryPerson);
  });

  /** A finger that rests picks up what is below it. */
  function onHold(carry) {
    if (press.touch) press.timer = setTimeout(() => carry(press), HOLD_MS);
  }

  for (const list of [wall.element, nav]) {
    list.addEventListener("touchmove", (event) => press?.ghost && event.cancelable && event.preventDefault(), { passive: false }); // or the finger scrolls
    list.addEventListener("contextmenu", (event) => press?.touch && event.preventDefault());
  }

  addEventListener("pointermove", (event) => {
    if (!press || press.id !== event.pointerId) return;
    const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > FAR_PX;
    if (press.kind === "press" && far) begin(event);
    if (press?.kind === "carry" || press?.kind === "person") follow(event);
    if (press?.kind === "band") stretch(event);
  });

  function begin(event) {
    if (press.touch) clear(); // the finger scrolls
    else if (press.person) carryPerson(event);
    else if (press.face && !event.shiftKey && !actions.isSuggesting()) carryFaces(press);
    else {
      press.kind = "band";
      press.band = document.createElement("div");
      press.band.className = "band";
      press.origin = { x: press.x, y: press.y + wall.element.scrollTop };
      wall.element.append(press.band);
    }
  }

  function carryFaces(from) {
    if (!wall.selected.has(from.face)) {
      wall.selected = new Set([from.face]);
      wall.focusOn(wall.place.get(from.face));
    }
    from.kind = "carry";
    from.ids = wall.chosen;
    from.ghost = ghost(wall.picture(from.face), t("faces", { n: from.ids.length }));
    follow({ clientX: from.x, clientY: from.y });
  }

  function carryPerson({ x, y }) {
    press.kind = "person";
    const image = nav.querySelector(`[data-folder="${CSS.escape(press.person)}"] img`);
    press.ghost = ghost(image?.src, press.person);
    follow({ clientX: x, clientY: y });
  }

  function ghost(source, text) {
    const box = document.createElement("div");
    box.className = "carried";
    if (source) box.append(Object.assign(new Image(), { src: source, alt: "" }));
    box.append(text);
    document.body.append(box);
    document.body.classList.add("carrying");
    press.again = setInterval(() => press?.at && follow(press.at), AGAIN_MS);
    return box;
  }

  function follow(event) {
    press.at = event;
    press.ghost.style.transform = `translate(${event.clientX + 12}px, ${event.clientY + 10}px)`;
    const over = under(event);
    for (const item of nav.querySelectorAll(".folder")) item.classList.toggle("over", item === over);
    const edge = nav.getBoundingClientRect();
    if (event.clientX < edge.right) {
      if (event.clientY < edge.top + 40) nav.scrollTop -= 14;
      if (event.clientY > edge.bottom - 40) nav.scrollTop += 14;
    }
  }

  function under(event) {
    const item = document.elementFromPoint(event.clientX, event.clientY)?.closest("#folders .folder, #folders .new");
    if (!item) return null;
    if (press.kind === "person") return item.dataset.person && item.dataset.folder !== press.person ? item : null;
    return item.dataset.folder || item.classList.contains("new") ? item : null;
  }

  function stretch(event) {
    const box = wall.element.getBoundingClientRect();
    if (event.clientY > box.bottom - 30) wall.element.scrollTop += 18;
    if (event.clientY < box.top + 30) wall.element.scrollTop -= 18;
    const startY = press.origin.y - wall.element.scrollTop;
    const [left, right] = [Math.min(press.x, event.clientX), Math.max(press.x, event.clientX)];
    const [top, bottom] = [Math.min(startY, event.clientY), Math.max(startY, event.clientY)];
    Object.assign(press.band.style, {
      left: `${left - box.left}px`, top: `${top - box.top + wall.element.scrollTop}px`,
      width: `${right - left}px`, height: `${bottom - top}px`,
    });
    wall.selectIn({ left, right, top, bottom }, press.before);
  }

  addEventListener("pointerup", (event) => {
    if (!press || press.id !== event.pointerId) return;
    const done = press;
    const target = done.ghost ? under(event) : null;
    clear();
    if (done.kind === "press" && done.face) click(done, event);
    else if (done.kind === "press" && !done.person && !event.shiftKey) wall.deselect();
    else if (done.kind === "carry" && target) actions.drop(done.ids, target.dataset.folder ?? null);
    else if (done.kind === "person" && target) actions.merge(done.person, target.dataset.folder);
    if (done.kind === "person") swallowClick();
  });

  function click(done, event) {
    const i = wall.place.get(done.face);
    if (i === undefined) return;
    if (actions.isSuggesting()) {
      wall.focusOn(i);
      wall.cross(i);
    } else if (event.shiftKey) wall.focusOn(i, { range: true });
    else if (event.ctrlKey || event.metaKey || done.touch) {
      wall.focusOn(i);
      wall.toggle(i);
      if (done.touch) tap(done.face, event.timeStamp);
    } else {
      wall.selected = new Set([done.face]);
      wall.focusOn(i);
    }
  }

  function tap(face, at) {
    if (face === tapped.face && at - tapped.at < DOUBLE_MS) actions.open(face);
    tapped = { face, at };
  }

  function swallowClick() {
    const stop = (event) => event.stopPropagation();
    addEventListener("click", stop, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", stop, { capture: true }), 0);
  }

  function clear() {
    clearTimeout(press?.timer);
    clearInterval(press?.again);
    press?.ghost?.remove();
    press?.band?.remove();
    document.body.classList.remove("carrying");
    for (const item of nav.querySelectorAll(".over")) item.classList.remove("over");
    press = null;
  }
  addEventListener("pointercancel", clear);
  addEventListener("keydown", (event) => event.key === "Escape" && press && clear());

  wall.element.addEventListener("dblclick", (event) => {
    const face = event.target.closest(".tile")?.dataset.face;
    if (face && !actions.isSuggesting()) actions.open(face);
  });
}
