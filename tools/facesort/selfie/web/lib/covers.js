// How probably eyes and mouth of a face are covered, from the network's class scores by a look at
// the face alone (models/occlusion_scores.py): clear eyeglasses cover nothing there.

import { clip, iou } from "./boxes.js";
import { letterbox } from "./detect.js";
import { crop, onCanvas, round } from "./pixels.js";

const EYES = 2;
const MOUTH = 1;

/** @param {import("./detect.js").Forward} forward @param {import("./boxes.js").Face} face
 * @returns {Promise<{ eyes: number, mouth: number }>} */
export async function coverScores(forward, image, face, settings) {
  const seen = await lookAt(forward, image, face.box, settings);
  return seen ? coversOf(seen.scores) : byClass(face);
}

/** The face of a film's next image, by a look at where it was alone; null where it is not surely
 * there. @param {import("./boxes.js").Box} lastBox */
export async function follow(forward, image, lastBox, settings) {
  const seen = await lookAt(forward, image, lastBox, settings);
  const confidence = seen ? Math.max(...seen.scores) : 0;
  if (confidence < settings.detector.sizes.certain) return null;
  const classId = seen.scores.indexOf(confidence);
  return { face: { box: seen.box, classId, confidence }, covers: coversOf(seen.scores) };
}

/** The surest anchor on the face: its class scores, and its box in pixels of the image. */
async function lookAt(forward, image, faceBox, settings) {
  const { look_px: px, room, border, same_iou: sameIou } = settings.covers;
  const { detector } = settings;
  const [left, top, right, bottom] = clip(grow(faceBox, room), image.width, image.height).map(round);
  if (right <= left || bottom <= top) return null;
  const cut = crop(image, left, top, right, bottom);
  const margin = round(border * Math.max(cut.width, cut.height));
  const [w, h] = [cut.width + 2 * margin, cut.height + 2 * margin];
  const padded = onCanvas(cut, w, h, margin, margin, detector.grey);
  const seen = letterbox(padded, detector.square ? detector.imgsz : px, detector);
  const { fit } = seen;
  const offset = [margin - left, margin - top, margin - left, margin - top];
  const shift = [fit.left, fit.top, fit.left, fit.top];
  const box = faceBox.map((value, i) => (value + offset[i]) * fit.scale + shift[i]);
  const best = bestOn(await forward(seen.pixels, seen.dims), box, sameIou, detector);
  if (!best) return null;
  const inImage = best.box.map((value, i) => (value - shift[i]) / fit.scale - offset[i]);
  return { scores: best.scores, box: clip(inImage, image.width, image.height) };
}

function coversOf(scores) {
  const sum = Math.max(scores.reduce((all, score) => all + score, 0), 1e-9);
  const share = (bit) => scores.reduce((all, score, c) => (c & bit ? all + score : all), 0) / sum;
  return { eyes: share(EYES), mouth: share(MOUTH) };
}

function grow([x1, y1, x2, y2], factor) {
  const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [w, h] = [((x2 - x1) * factor) / 2, ((y2 - y1) * factor) / 2];
  return [cx - w, cy - h, cx + w, cy + h];
}

/** Scores and box, in the network's pixels, of the surest anchor on the face. */
function bestOn({ data, dims }, box, sameIou, { end2end, names }) {
  const anchors = end2end ? dims[1] : dims[2];
  const boxOf = (i) => {
    if (end2end) return Array.from(data.subarray(i * 6, i * 6 + 4));
    const [cx, cy, w, h] = [0, 1, 2, 3].map((row) => data[row * anchors + i]);
    return [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2];
  };
  const score = end2end
    ? (i, c) => (c === data[i * 6 + 5] ? data[i * 6 + 4] : 0)
    : (i, c) => data[(4 + c) * anchors + i];
  let [best, most] = [-1, -1];
  for (let i = 0; i < anchors; i++) {
    let surest = 0;
    for (let c = 0; c < names.length; c++) surest = Math.max(surest, score(i, c));
    if (surest > most && iou(boxOf(i), box) >= sameIou) [best, most] = [i, surest];
  }
  if (best < 0) return null;
  return { box: boxOf(best), scores: names.map((_, c) => score(best, c)) };
}

/** By the one class that the detection kept. */
function byClass({ classId, confidence }) {
  const value = (bit) => (classId & bit ? 0.5 + confidence / 2 : 0.5 - confidence / 2);
  return { eyes: value(EYES), mouth: value(MOUTH) };
}
