// The page that mends: kinds at the left, cards with ticks, one button that applies them.
import { get, openSession, post } from "./api.js";

const STEP = 60;
const $ = (id) => document.getElementById(id);
const state = { check: null, fixes: new Map(), ticked: new Set(), applied: new Set(), why: {}, acts: 0 };
let kind = "";
let shown = STEP;
let busy = false;

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter((child) => child !== null));
  return node;
}

const number = (n) => n.toLocaleString("en");
const isOpen = (id) => !state.applied.has(id);
const ofKind = (name) => state.check.fixes.filter((fix) => fix.kind === name);

function note(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

function bar() {
  const { check, ticked, applied } = state;
  $("title").textContent = check.title;
  $("counts").textContent =
    `${number(check.images)} images, ${number(check.boxes)} boxes, ${number(check.errors)} errors, ` +
    `${number(check.warnings)} warnings, ${number(applied.size)} mended`;
  $("target").textContent = `→ ${check.target}`;
  $("target").title = check.target;
  $("apply").textContent = ticked.size ? `Apply ${number(ticked.size)}` : "Apply";
  $("apply").disabled = busy || !ticked.size;
  $("undo").disabled = busy || !state.acts;
}

function kinds() {
  const rows = state.check.kinds.map((one) => {
    const fixes = ofKind(one.kind);
    const open = fixes.filter((fix) => isOpen(fix.id)).length;
    const button = element(
      "button",
      { type: "button", className: "folder", onclick: () => choose(one.kind) },
      element("span", { className: `dot is-${one.level}` }),
      element("span", { className: "name", textContent: one.title, title: one.title }),
      element("span", { className: "count", textContent: fixes.length ? number(open) : number(one.found) }),
    );
    button.setAttribute("aria-current", String(one.kind === kind));
    button.dataset.kind = one.kind;
    return element("li", {}, button);
  });
  const groups = state.check.groups.length;
  if (groups) {
    const button = element(
      "button",
      { type: "button", className: "folder", onclick: () => choose("groups") },
      element("span", { className: "dot" }),
      element("span", { className: "name", textContent: "Groups" }),
      element("span", { className: "count", textContent: number(groups) }),
    );
    button.setAttribute("aria-current", String(kind === "groups"));
    button.dataset.kind = "groups";
    rows.push(element("li", {}, button));
  }
  $("folders").replaceChildren(element("h2", { textContent: "Findings" }), element("ul", {}, ...rows));
}

function tick(id, on) {
  if (!isOpen(id)) return;
  if (on) state.ticked.add(id);
  else state.ticked.delete(id);
  bar();
}

function box(id) {
  const input = element("input", { type: "checkbox", checked: state.ticked.has(id), disabled: !isOpen(id) });
  input.dataset.fix = id;
  input.addEventListener("change", () => tick(id, input.checked));
  return input;
}

function picture(fix, other = "") {
  const version = state.applied.has(fix.id) ? "1" : "0";
  const image = element("img", { alt: "", loading: "lazy", src: `/picture/${fix.id}.jpg?v=${version}${other}` });
  image.addEventListener("error", () => image.remove());
  return image;
}

function card(fix) {
  const done = !isOpen(fix.id);
  const shots = element("div", { className: "shots" });
  const hasPicture = !["orphan", "unreadable"].includes(fix.kind);
  if (hasPicture) shots.append(picture(fix));
  if (fix.other) shots.append(picture(fix, "&other=1"));
  const score = fix.score === null ? null : element("span", { className: "score", textContent: fix.score.toFixed(2) });
  const say = element(
    "div",
    {},
    element("b", { textContent: fix.what }),
    element("small", { textContent: fix.finding }),
    state.why[fix.id] ? element("small", { className: "why", textContent: `not done: ${state.why[fix.id]}` }) : null,
  );
  const gone = ["leave image out", "delete duplicate"].includes(fix.action);
  return element(
    "label",
    { className: `fix${done ? " done" : ""}${done && gone ? " gone" : ""}` },
    shots,
    element("div", { className: "say" }, box(fix.id), say, score),
  );
}

function heading(title, why, ...buttons) {
  const keys = element("span", { className: "hint" });
  keys.append(
    element("span", { className: "key now" }), "labelled", element("span", { className: "key then" }), "proposed",
  );
  $("heading").replaceChildren(
    element("h2", { textContent: title }), ...buttons, element("span", { className: "spacer" }), keys,
    element("p", { textContent: why }),
  );
}

function tickers(ids) {
  const open = ids.filter(isOpen);
  const set = (on) => () => {
    open.forEach((id) => (on ? state.ticked.add(id) : state.ticked.delete(id)));
    draw();
  };
  if (!open.length) return [];
  return [
    element("button", { type: "button", id: "all", textContent: `Tick all ${number(open.length)}`, onclick: set(true) }),
    element("button", { type: "button", id: "none", textContent: "Tick none", onclick: set(false) }),
  ];
}

function splitTable() {
  const { names, rows, moves } = state.check.split;
  const cells = (row) => names.map((_, i) =>
    element("td", { textContent: row.now[i] === row.then[i] ? number(row.now[i]) : `${number(row.now[i])} → ${number(row.then[i])}` }));
  return element(
    "table",
    { className: "splits" },
    element("tr", {}, element("th", { textContent: `boxes, after ${number(moves)} moves` }), ...names.map((n) => element("th", { textContent: n }))),
    ...rows.map((row) => element("tr", {}, element("th", { textContent: row.split }), ...cells(row))),
  );
}

function drawGroups() {
  const { groups } = state.check;
  heading("Groups", "One moment, several times: the first of each group is the one to keep. Nothing is ticked for you.");
  const parts = groups.slice(0, shown).map((group, g) => {
    const members = group.members.map((member, m) => {
      const image = element("img", { alt: "", loading: "lazy", src: `/member/${g}/${m}.jpg` });
      const labels = member.fixes.map((id) => {
        const fix = state.fixes.get(id);
        return isOpen(id)
          ? element("label", {}, box(id), fix.action)
          : element("div", { className: "done", textContent: `✓ ${fix.action}` });
      });
      return element("div", { className: "member" }, image, element("small", { textContent: `${member.split}: ${member.name}` }), ...labels);
    });
    const many = group.size > group.members.length ? `, ${group.members.length} shown` : "";
    return element(
      "section",
      { className: "group" },
      element("h3", { textContent: `Group ${g + 1}: ${group.size} images${many}, ${group.kind} (${group.splits.join(", ")})` }),
      element("div", { className: "members" }, ...members),
    );
  });
  $("wall").replaceChildren(...parts, ...more(groups.length));
}

function more(total) {
  if (total <= shown) return [];
  const onclick = () => { shown += STEP; draw(); };
  return [element("button", { type: "button", className: "more", textContent: `Show more of ${number(total)}`, onclick })];
}

function draw() {
  bar();
  kinds();
  if (kind === "groups") return drawGroups();
  const one = state.check.kinds.find((row) => row.kind === kind);
  if (!one) return $("wall").replaceChildren(element("p", { textContent: "Nothing to mend." }));
  const fixes = ofKind(kind);
  const ids = kind === "split" ? state.check.fixes.filter((f) => f.action === "move to another split").map((f) => f.id) : fixes.map((f) => f.id);
  heading(one.title, one.why, ...tickers(ids));
  const parts = [element("div", { className: "cards" }, ...fixes.slice(0, shown).map(card)), ...more(fixes.length)];
  if (state.check.split.moves && ["split", "near-leak", "burst-leak"].includes(kind)) parts.unshift(splitTable());
  if (one.unfixed.length) {
    parts.push(
      element("p", { className: "soft", textContent: "Without a fix that can be proposed; have a look:" }),
      element("ul", { className: "plain-list" }, ...one.unfixed.map((text) => element("li", { textContent: text }))),
    );
  }
  return $("wall").replaceChildren(...parts);
}

function choose(name) {
  kind = name;
  shown = STEP;
  draw();
  $("wall").scrollTop = 0;
}

function take(answer) {
  state.applied = new Set(answer.applied);
  state.acts = answer.acts;
  state.applied.forEach((id) => state.ticked.delete(id));
}

async function act(path, body) {
  if (busy) return;
  busy = true;
  bar();
  try {
    const answer = await post(path, body);
    take(answer);
    const skipped = Object.keys(answer.skipped || {});
    state.why = answer.skipped || {};
    skipped.forEach((id) => state.ticked.delete(id));
    const problems = answer.problems || [];
    if (answer.done) note(`${number(answer.done.length)} fixes done${skipped.length ? `, ${number(skipped.length)} not: the reason is on each card` : ""}. Ctrl+Z takes them back.`);
    else note(problems.length ? `Taken back, except: ${problems.join("; ")}` : "Taken back.");
  } catch (error) {
    note(error.message);
  }
  busy = false;
  draw();
}

const apply = () => state.ticked.size && act("/api/apply", { fixes: [...state.ticked] });
const undo = () => state.acts && act("/api/undo", {});

async function start() {
  await openSession();
  state.check = await get("/api/check");
  state.check.fixes.forEach((fix) => state.fixes.set(fix.id, fix));
  take(state.check);
  document.title = `${state.check.title}: data set check`;
  kind = state.check.kinds[0]?.kind || "groups";
  $("bar").hidden = $("frame").hidden = false;
  $("apply").onclick = apply;
  $("undo").onclick = undo;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") apply();
    else if ((event.ctrlKey || event.metaKey) && event.key === "z") { event.preventDefault(); undo(); }
  });
  draw();
}

start().catch((error) => {
  $("locked").textContent = error.message;
  $("locked").hidden = false;
});
