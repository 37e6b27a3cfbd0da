// What is measured of the main face (selfie/measure.py): size, border, light, blur, pose.

import { clip, minSide } from "./boxes.js";
import { crop, resizeArea, resizeLinear, toGrey } from "./pixels.js";

const FACE_PX = 112;
const MARGIN_PX = Math.floor(FACE_PX / 6); // of a face box, hair and background
const BURNT = 250;
const TINY = 2 ** -52;

/** @param {import("./pixels.js").Image} image @param {import("./boxes.js").Box} box
 * @param {number} scale width of `image` over that of the full photo */
export function measure(image, box, scale = 1) {
  const [x1, y1, x2, y2] = clip(box, image.width, image.height);
  const sidePx = minSide([x1, y1, x2, y2]);
  const gapPx = Math.min(x1, y1, image.width - x2, image.height - y2);
  const grey = greyFace(image, [x1, y1, x2, y2]);
  const counts = new Int32Array(256);
  for (let y = MARGIN_PX; y < FACE_PX - MARGIN_PX; y++) {
    for (let x = MARGIN_PX; x < FACE_PX - MARGIN_PX; x++) counts[grey[y * FACE_PX + x]] += 1;
  }
  return {
    face_px: sidePx / scale,
    border_gap: gapPx / Math.max(sidePx, 1),
    light: percentile(counts, 0.9),
    burnt: counts.subarray(BURNT).reduce((sum, n) => sum + n) / (FACE_PX - 2 * MARGIN_PX) ** 2,
    blur: blur(grey),
  };
}

/** How far the nose is beside the middle of the eyes, and the eyes from level. */
export function poseOf(points) {
  const [left, right, nose] = points;
  const [ax, ay] = [right[0] - left[0], right[1] - left[1]];
  const eyesPx = Math.max(Math.hypot(ax, ay), 1e-6);
  const [nx, ny] = [nose[0] - (left[0] + right[0]) / 2, nose[1] - (left[1] + right[1]) / 2];
  return {
    nose_offset: (nx * ax + ny * ay) / eyesPx ** 2,
    tilt_deg: (Math.atan2(ay, ax) * 180) / Math.PI,
  };
}

/** The face in grey, FACE_PX wide and high; at least one pixel of it. */
function greyFace(image, [x1, y1, x2, y2]) {
  const left = Math.min(Math.floor(x1), image.width - 1);
  const top = Math.min(Math.floor(y1), image.height - 1);
  const [right, bottom] = [Math.max(Math.ceil(x2), left + 1), Math.max(Math.ceil(y2), top + 1)];
  const grey = toGrey(crop(image, left, top, right, bottom));
  const resize = Math.min(grey.width, grey.height) > FACE_PX ? resizeArea : resizeLinear;
  return resize(grey, FACE_PX, FACE_PX, 1).data;
}

/** The value below which `share` of all lie; `counts` says how often each value occurs. */
function percentile(counts, share) {
  const at = share * (counts.reduce((sum, n) => sum + n) - 1);
  const low = Math.floor(at);
  const [below, above] = [nth(counts, low), nth(counts, Math.ceil(at))];
  return below + (above - below) * (at - low);
}

function nth(counts, index) {
  let [value, seen] = [0, counts[0]];
  while (seen <= index) seen += counts[++value];
  return value;
}

/** How little a blurring along each axis changes the face, 0 (sharp) to 1: Crete et al., 2007. */
function blur(grey) {
  if (grey.every((value) => value === grey[0])) return 1;
  return Math.max(lostSharpness(reflected(grey, 1, FACE_PX)), lostSharpness(reflected(grey, FACE_PX, 1)));
}

const BORDER = 2;
const WIDE = FACE_PX + 2 * BORDER;

/** The face, 0 to 1, with a reflected border; `step` and `line` turn it: 1 and FACE_PX leave it. */
function reflected(grey, step, line) {
  const inside = (i) => (i < 0 ? -i - 1 : i >= FACE_PX ? 2 * FACE_PX - 1 - i : i);
  const out = new Float64Array(WIDE * WIDE);
  for (let y = 0; y < WIDE; y++) {
    const row = inside(y - BORDER) * line;
    for (let x = 0; x < WIDE; x++) out[y * WIDE + x] = grey[row + inside(x - BORDER) * step] / 255;
  }
  return out;
}

/** Along the rows of `image`, which has a border: the share of its edges left by a blur over five. */
function lostSharpness(image) {
  const soft = new Float64Array(image.length);
  for (let i = BORDER; i < soft.length - BORDER; i++) {
    soft[i] = 0.2 * (image[i - 2] + image[i - 1] + image[i] + image[i + 1] + image[i + 2]);
  }
  let [lost, all] = [0, 0];
  for (let y = BORDER + 2; y < BORDER + FACE_PX - 1; y++) {
    for (let i = y * WIDE + BORDER + 2, end = y * WIDE + BORDER + FACE_PX - 1; i < end; i++) {
      const edge = Math.max(edgeAt(image, i), TINY);
      lost += Math.max(edge - Math.max(edgeAt(soft, i), TINY), 0);
      all += edge;
    }
  }
  return Math.abs(1 - lost / all);
}

/** Sobel's, across. */
function edgeAt(image, i) {
  const [up, down] = [i - WIDE, i + WIDE];
  const beside = image[up + 1] - image[up - 1] + image[down + 1] - image[down - 1];
  return Math.abs(beside + 2 * (image[i + 1] - image[i - 1]));
}
