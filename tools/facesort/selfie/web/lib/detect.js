// Faces of an image: the letterbox, the reading of the raw output and the second look of the Python
// package (models/letterbox.py, models/second_look.py), with its numbers out of settings.json.

import { area, clip, iou, shareInside, suppress } from "./boxes.js";
import { halve, onCanvas, resizeLinear, round } from "./pixels.js";

/** @typedef {import("./boxes.js").Face} Face */
/** @typedef {import("./pixels.js").Image} Image */
/** @typedef {(pixels: Float32Array, dims: number[]) =>
 *   Promise<{ data: Float32Array, dims: readonly number[] }>} Forward */

const EDGE = 0.01; // of the longer side: a box this near to the border may go on beyond it
const SAME_IOU = 0.5;
const INSIDE = 0.7; // of the smaller of two boxes: a part of the same face
const NESTED = 0.9; // a face and the head around it, which IoU lets pass
const AS_SURE = 0.5; // times the outer's confidence, or the inner is a part of a face
const UNIT = Float32Array.from({ length: 256 }, (_, byte) => byte * Math.fround(1 / 255));

const up = (value, stride) => Math.ceil(value / stride) * stride;

/** The network's input (1, 3, h, w), values 0 to 1, and how the image was fitted into it. */
export function letterbox(image, imgsz, settings) {
  const { grey, stride, square } = settings;
  const scale = imgsz / Math.max(image.width, image.height);
  const w = Math.max(1, round(image.width * scale));
  const h = Math.max(1, round(image.height * scale));
  let fitted = halve(image, 2 * imgsz);
  // as in letterbox.py: what has the right size from the start stays as it is
  if (w !== image.width || h !== image.height) fitted = resizeLinear(fitted, w, h);
  const [fullW, fullH] = square ? [imgsz, imgsz] : [up(w, stride), up(h, stride)];
  const left = Math.floor((fullW - w) / 2);
  const top = Math.floor((fullH - h) / 2);
  const canvas = onCanvas(fitted, fullW, fullH, left, top, grey);
  const plane = fullW * fullH;
  const pixels = new Float32Array(3 * plane);
  const { data } = canvas;
  for (let i = 0, at = 0; i < plane; i++, at += 3) {
    pixels[i] = UNIT[data[at]];
    pixels[i + plane] = UNIT[data[at + 1]];
    pixels[i + 2 * plane] = UNIT[data[at + 2]];
  }
  return { pixels, dims: [1, 3, fullH, fullW], fit: { scale, left, top, image } };
}

/** Faces from one raw output, most certain first. @returns {Face[]} */
export function decode({ data, dims }, fit, conf, settings) {
  const rows = settings.end2end ? readRows(data, dims, conf) : readAnchors(data, dims, conf);
  rows.sort((a, b) => b.confidence - a.confidence);
  const kept = suppress(rows, settings.iou_same_face).slice(0, settings.max_faces);
  return kept.map((face) => ({ ...face, box: toImage(face.box, fit) }));
}

function readRows(data, dims, conf) {
  const faces = [];
  for (let at = 0; at < dims[1] * 6; at += 6) {
    if (data[at + 4] < conf) continue;
    const box = Array.from(data.subarray(at, at + 4));
    faces.push({ box, classId: data[at + 5], confidence: data[at + 4] });
  }
  return faces;
}

function readAnchors(data, dims, conf) {
  const [, rows, anchors] = dims;
  const faces = [];
  for (let i = 0; i < anchors; i++) {
    let classId = 0;
    for (let c = 1; c < rows - 4; c++) {
      if (data[(4 + c) * anchors + i] > data[(4 + classId) * anchors + i]) classId = c;
    }
    const confidence = data[(4 + classId) * anchors + i];
    if (confidence < conf) continue;
    const [cx, cy, w, h] = [0, 1, 2, 3].map((row) => data[row * anchors + i]);
    faces.push({ box: [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], classId, confidence });
  }
  return faces;
}

function toImage(box, { scale, left, top, image }) {
  const [x1, y1, x2, y2] = box;
  const moved = [(x1 - left) / scale, (y1 - top) / scale, (x2 - left) / scale, (y2 - top) / scale];
  return clip(moved, image.width, image.height);
}

const STRIDES = [8, 16, 32];

const anchorCount = ([, , h, w]) =>
  STRIDES.reduce((sum, stride) => sum + Math.floor(h / stride) * Math.floor(w / stride), 0);

function mirroredPixels(pixels, [, channels, h, w]) {
  const out = new Float32Array(pixels.length);
  for (let at = 0; at < channels * h * w; at += w) {
    for (let x = 0; x < w; x++) out[at + x] = pixels[at + w - 1 - x];
  }
  return out;
}

/** One raw output from one of an image and one of its mirror image, whose anchors lie row by row:
 * box and confidence from the look that is surer there, the class by the mean of both. */
export function bothLooks({ data, dims }, other, [, , h, w]) {
  const [, rows, anchors] = dims;
  const out = new Float32Array(data.length);
  let first = 0;
  for (const stride of STRIDES) {
    const [high, wide] = [Math.floor(h / stride), Math.floor(w / stride)];
    for (let i = 0; i < high * wide; i++) {
      const at = first + i;
      const across = first + i - (i % wide) + (wide - 1 - (i % wide));
      let [ours, theirs, most] = [0, 0, Math.fround(1e-9)];
      for (let row = 4; row < rows; row++) {
        const [a, b] = [data[row * anchors + at], other.data[row * anchors + across]];
        const sum = Math.fround(a + b); // rounded as NumPy rounds: ties must break alike
        [ours, theirs, most] = [Math.max(ours, a), Math.max(theirs, b), Math.max(most, sum)];
        out[row * anchors + at] = sum;
      }
      const factor = Math.fround(Math.max(ours, theirs) / most);
      for (let row = 4; row < rows; row++) {
        out[row * anchors + at] = Math.fround(out[row * anchors + at] * factor);
      }
      for (let row = 0; row < 4; row++) {
        const back = other.data[row * anchors + across];
        const theirBox = row === 0 ? Math.fround(w - back) : back;
        out[row * anchors + at] = ours >= theirs ? data[row * anchors + at] : theirBox;
      }
    }
    first += high * wide;
  }
  return { data: out, dims };
}

/** Find faces at `imgsz`, with as many looks as the image needs.
 * @param {Forward} forward @param {Image} image @returns {Promise<Face[]>} */
export async function detect(forward, image, imgsz, settings) {
  const { sizes } = settings;
  const look = async (seen, px, least, mirrored = false) => {
    const { pixels, dims, fit } = letterbox(seen, settings.square ? imgsz : px, settings);
    const raw = await forward(pixels, dims);
    if (mirrored && !settings.end2end && raw.dims[2] === anchorCount(dims)) {
      const first = { data: Float32Array.from(raw.data), dims: raw.dims };
      const other = await forward(mirroredPixels(pixels, dims), dims);
      return decode(bothLooks(first, other, dims), fit, least, settings);
    }
    return decode(raw, fit, least, settings);
  };
  const isSmall = Math.max(image.width, image.height) < sizes.small_px;
  return withoutNested(await (isSmall ? inSmall : inPhoto)(look, image, imgsz, settings));
}

async function inPhoto(look, image, imgsz, settings) {
  const { conf, sizes } = settings;
  const weak = await look(image, imgsz, Math.min(conf, sizes.hint_conf));
  const found = weak.filter((face) => face.confidence >= conf);
  if (!needsSecondLook(found, weak, image, sizes)) return found;
  const fillsPx = sizes.fills_frame * Math.max(image.width, image.height);
  return mergeLarge(found, await largeFaces(look, image, imgsz, settings), fillsPx);
}

async function inSmall(look, image, imgsz, settings) {
  const { conf, sizes } = settings;
  const content = Math.max(sizes.least_px, sizes.enlarge * Math.max(image.width, image.height));
  const px = Math.min(inputPx(content * (1 + 2 * sizes.small_room)), imgsz);
  const both = sizes.mirror;
  const found = await bordered(look, image, px, conf, sizes.small_room, settings, both);
  if (found.length) return found;
  return bordered(look, image, secondPx(px, sizes), conf, sizes.second_room, settings, both);
}

const inputPx = (value) => Math.max(32, Math.ceil(round(value) / 32) * 32);
const secondPx = (imgsz, sizes) => Math.min(inputPx(sizes.second_scale * imgsz), imgsz);

async function bordered(look, image, px, conf, room, { grey }, mirrored = false) {
  const margin = round(room * Math.max(image.width, image.height));
  const [w, h] = [image.width + 2 * margin, image.height + 2 * margin];
  const found = await look(onCanvas(image, w, h, margin, margin, grey), px, conf, mirrored);
  return found.map((face) => {
    const box = face.box.map((value) => value - margin);
    return { ...face, box: clip(box, image.width, image.height) };
  });
}

function needsSecondLook(found, weak, image, sizes) {
  if (found.some((face) => side(face.box, image) >= sizes.fills_frame)) return true;
  const isWhole = ({ box }) => !touchesEdge(box, image) || side(box, image) < sizes.large_face;
  if (found.some((face) => isWhole(face) && face.confidence >= sizes.certain)) return false;
  return weak.length > 0;
}

function touchesEdge([x1, y1, x2, y2], { width, height }) {
  const near = EDGE * Math.max(width, height);
  return x1 < near || y1 < near || x2 > width - near || y2 > height - near;
}

const side = ([x1, y1, x2, y2], { width, height }) =>
  Math.max(x2 - x1, y2 - y1) / Math.max(width, height);

async function largeFaces(look, image, imgsz, settings) {
  const { conf, sizes } = settings;
  const px = secondPx(imgsz, sizes);
  const scale = Math.min(1, px / Math.max(image.width, image.height));
  const target = [image.width, image.height].map((length) => Math.max(1, round(length * scale)));
  const small = scale < 1 ? resizeLinear(halve(image, 2 * px), target[0], target[1]) : image;
  const { second_room: room, mirror } = sizes;
  const found = await bordered(look, small, px, conf, room, settings, mirror);
  const large = found.filter((face) => side(face.box, small) >= sizes.large_face);
  return large.map((face) => ({ ...face, box: face.box.map((value) => value / scale) }));
}

/** Both looks; of two boxes on one face the more certain stays, or the second look's where the face
 * is `fillsPx` or longer. */
function mergeLarge(first, large, fillsPx) {
  if (!large.length) return first;
  const fills = ([x1, y1, x2, y2]) => Math.max(x2 - x1, y2 - y1) >= fillsPx;
  const isPart = ({ box }) =>
    large.some((other) =>
      iou(box, other.box) < SAME_IOU
        ? shareInside(box, other.box) >= INSIDE
        : fills(other.box),
    );
  const all = [...first.filter((face) => !isPart(face)), ...large];
  return suppress(all.sort((a, b) => b.confidence - a.confidence), SAME_IOU);
}

/** Of two boxes of which one lies in the other, the inner, unless it is much less certain. */
export function withoutNested(found) {
  let kept = [];
  for (const face of [...found].sort((a, b) => area(a.box) - area(b.box))) {
    const inner = kept.filter(({ box }) => shareInside(box, face.box) >= NESTED);
    if (inner.some(({ confidence }) => confidence >= AS_SURE * face.confidence)) continue;
    kept = [...kept.filter((one) => !inner.includes(one)), face];
  }
  return found.filter((face) => kept.includes(face));
}

/** The index of the largest face. @param {Face[]} faces */
export function largest(faces) {
  return faces.reduce((best, face, i) => (area(face.box) > area(faces[best].box) ? i : best), 0);
}
