// The page: camera, live boxes, advice in words, and the photo once all is well.

import { advice } from "./lib/check.js";

const LOOK_PX = 640; // longer side of what the check sees of a camera frame
const STEADY = 5; // usable frames in a row before the photo is taken,
const STEADY_MS = 500; // which take so long at least
const WHOLE = 4; // every so many frames all of it is looked at, else the face where it was alone

const TEXTS = {
  en: {
    title: "Selfie check", start: "Start the camera", file: "Check a photo", again: "Take another",
    save: "Save the photo", loading: "Loading …", hold: "All is well. Hold still …",
    privacy: "Everything runs in this page. No image leaves your device.",
    noCamera: "The camera cannot be used. Allow it for this page, or check a photo instead.",
    notOpened: "This file does not open as a photo.",
    classes: ["face", "mask", "sunglasses", "mask and sunglasses"],
  },
  de: {
    title: "Selfie-Prüfung", start: "Kamera starten", file: "Foto prüfen", again: "Noch eines",
    save: "Foto speichern", loading: "Wird geladen …", hold: "Alles gut. Bitte stillhalten …",
    privacy: "Alles läuft auf dieser Seite. Kein Bild verlässt Ihr Gerät.",
    noCamera: "Die Kamera ist nicht verfügbar. Erlauben Sie sie für diese Seite oder prüfen Sie ein Foto.",
    notOpened: "Diese Datei lässt sich nicht als Foto öffnen.",
    classes: ["Gesicht", "Maske", "Sonnenbrille", "Maske und Sonnenbrille"],
  },
  ko: {
    title: "셀카 확인", start: "카메라 켜기", file: "사진 확인", again: "다시 찍기",
    save: "사진 저장", loading: "불러오는 중 …", hold: "좋습니다. 잠시 그대로 계세요 …",
    privacy: "모든 처리는 이 페이지 안에서만 이루어지며, 사진은 기기 밖으로 나가지 않습니다.",
    noCamera: "카메라를 사용할 수 없습니다. 이 페이지에 카메라를 허용하거나 사진을 선택해 주세요.",
    notOpened: "이 파일은 사진으로 열리지 않습니다.",
    classes: ["얼굴", "마스크", "선글라스", "마스크와 선글라스"],
  },
};

const $ = (id) => document.getElementById(id);
const [video, view, overlay] = [$("video"), $("view"), $("overlay")];
const worker = new Worker("worker.js", { type: "module" });
const waiting = new Map();
let nextId = 0;
let steady = 0;
let steadySince = 0;
let run = 0; // a new one ends the loop of the last
let shown = null; // the verdict on the screen
let settings = null; // the folder's, once it is loaded

const language = () => $("language").value;
const texts = () => TEXTS[language()];

function say(text, state) {
  if ($("advice").textContent !== text) $("advice").textContent = text;
  document.body.dataset.state = state;
}

function translate() {
  document.documentElement.lang = language();
  document.title = texts().title;
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = texts()[node.dataset.text];
  }
}

const ready = new Promise((resolve, reject) => {
  worker.addEventListener("error", (event) => reject(new Error(event.message)));
  worker.addEventListener("message", ({ data }) => {
    if (data.ready) return resolve(data);
    if (data.id === undefined) return reject(new Error(data.failed));
    const { done, fail } = waiting.get(data.id);
    waiting.delete(data.id);
    return data.failed ? fail(new Error(data.failed)) : done(data);
  });
});

/** Ask the worker. `scale`: width of `image` over that of the full photo; `last`: the verdict on
 * the film's image before, where the largest face is looked at alone. */
function check(image, scale, last = null) {
  const id = nextId++;
  const options = { language: language(), scale, last };
  worker.postMessage({ id, image, options }, [image.data.buffer]);
  return new Promise((done, fail) => waiting.set(id, { done, fail }));
}

/** The source drawn at most `longest` px long, and the scale. */
function pixelsOf(source, width, height, longest) {
  const scale = Math.min(1, longest / Math.max(width, height));
  view.width = Math.max(1, Math.round(width * scale));
  view.height = Math.max(1, Math.round(height * scale));
  const context = view.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, view.width, view.height);
  return { image: context.getImageData(0, 0, view.width, view.height), scale };
}

function draw(verdict, isMirrored) {
  [overlay.width, overlay.height] = [view.width, view.height];
  const context = overlay.getContext("2d");
  const size = Math.max(14, view.width / 32);
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.lineWidth = size / 5;
  for (const { box: [x1, y1, x2, y2], classId, confidence } of verdict.faces) {
    const left = isMirrored ? view.width - x2 : x1;
    context.strokeStyle = classId ? "#d9480f" : "#2b8a3e";
    context.strokeRect(left, y1, x2 - x1, y2 - y1);
    const label = `${texts().classes[classId]} ${Math.round(confidence * 100)} %`;
    const above = Math.max(size * 1.3, y1);
    context.fillStyle = context.strokeStyle;
    context.fillRect(left, above - size * 1.3, context.measureText(label).width + size, size * 1.3);
    context.fillStyle = "#fff";
    context.fillText(label, left + size / 2, above - size * 0.35);
  }
}

/** Before the camera one thing at a time; of a photo all at once. */
function inWords({ reasons }) {
  const words = settings.words[language()];
  const isLive = document.body.dataset.mode === "live";
  return reasons.length && isLive ? words.live[reasons[0]] : advice(reasons, words);
}

function show(answer, isMirrored) {
  shown = answer.verdict;
  draw(answer.verdict, isMirrored);
  document.body.dataset.ms = answer.ms.toFixed(1);
  document.body.dataset.reasons = answer.verdict.reasons.join(" ");
  say(inWords(answer.verdict), answer.verdict.usable ? "usable" : "advice");
}

function stop() {
  run += 1;
  video.srcObject?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
  steady = 0;
}

function showStage(mode) {
  document.body.dataset.mode = mode;
  $("start").dataset.text = mode === "taken" ? "again" : "start";
  translate();
  $("save").hidden = mode !== "taken";
}

async function start() {
  stop();
  showStage("live");
  try {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", ...size } });
    await video.play();
  } catch {
    return say(texts().noCamera, "failed");
  }
  return watch(run);
}

/** Ask of the camera's image of now; `fresh` comes with its next one, never in a hidden page. */
function ask(last) {
  const next = video.requestVideoFrameCallback?.bind(video) ?? requestAnimationFrame;
  const fresh = new Promise((done) => next(done));
  const { image, scale } = pixelsOf(video, video.videoWidth, video.videoHeight, LOOK_PX);
  return { answer: check(image, scale, last), fresh };
}

async function watch(mine) {
  let [frames, since] = [0, performance.now()];
  let asked = ask(null);
  while (mine === run) {
    let answer;
    try {
      [answer] = await Promise.all([asked.answer, asked.fresh]);
    } catch (error) {
      return say(error.message, "failed");
    }
    if (mine !== run) return undefined;
    frames += 1;
    document.body.dataset.fps = ((frames * 1000) / (performance.now() - since)).toFixed(1);
    if (isSteady(answer.verdict)) {
      if (await take(mine)) return undefined;
      asked = ask(null);
      continue;
    }
    asked = ask(frames % WHOLE ? answer.verdict : null); // the worker goes on while this is drawn
    show(answer, true);
    if (steady) say(texts().hold, "usable");
  }
  return undefined;
}

/** Whether frames have been usable for long enough, this one included. */
function isSteady({ usable }) {
  steady = usable ? steady + 1 : 0;
  if (steady === 1) steadySince = performance.now();
  return steady >= STEADY && performance.now() - steadySince >= STEADY_MS;
}

/** Take the photo, at the camera's own size; false, with advice, where it is not fit itself. */
async function take(mine) {
  const { image } = pixelsOf(video, video.videoWidth, video.videoHeight, Infinity);
  const answer = await check(image, 1);
  if (mine !== run) return true;
  if (!answer.verdict.usable) {
    steady = 0;
    show(answer, true);
    return false;
  }
  overlay.width = 0;
  stop();
  showStage("taken");
  say(settings.words[language()].usable, "taken");
  view.toBlob((blob) => offer(blob), "image/jpeg", 0.95);
  return true;
}

function offer(blob) {
  if ($("save").href) URL.revokeObjectURL($("save").href);
  $("save").href = URL.createObjectURL(blob);
}

async function checkFile(file) {
  stop();
  showStage("file");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return say(texts().notOpened, "failed");
  }
  const { image, scale } = pixelsOf(bitmap, bitmap.width, bitmap.height, 2560);
  const answer = await check(image, scale);
  show(answer, false);
  return answer.verdict;
}

$("start").addEventListener("click", start);
$("file").addEventListener("change", ({ target }) => target.files[0] && checkFile(target.files[0]));
$("language").addEventListener("change", () => {
  translate();
  const { mode, state } = document.body.dataset;
  if (state === "ready") say(texts().privacy, state);
  if (shown && mode !== "idle" && state !== "failed") say(inWords(shown), state);
});

const wanted = navigator.language.slice(0, 2);
if (wanted in TEXTS) $("language").value = wanted;
translate();
say(texts().loading, "loading");
showStage("idle");
ready.then(
  (loaded) => {
    settings = loaded.settings;
    document.body.dataset.threads = loaded.isolated ? "many" : "one";
    say(texts().privacy, "ready");
    $("start").disabled = $("file").disabled = false;
  },
  (error) => say(error.message, "failed"),
);
