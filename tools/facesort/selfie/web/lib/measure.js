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
  const inner = [];
  for (let y = MARGIN_PX; y < FACE_PX - MARGIN_PX; y++) {
    const row = y * FACE_PX;
    inner.push(...grey.subarray(row + MARGIN_PX, row + FACE_PX - MARGIN_PX));
  }
  return {
    face_px: sidePx / scale,
    border_gap: gapPx / Math.max(sidePx, 1),
    light: percentile(inner, 0.9),
    burnt: inner.filter((value) => value >= BURNT).length / inner.length,
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

function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** How little a blurring along each axis changes the face, 0 (sharp) to 1: Crete et al., 2007. */
function blur(grey) {
  if (grey.every((value) => value === grey[0])) return 1;
  const image = Float64Array.from(grey, (value) => value / 255);
  return Math.max(...[0, 1].map((axis) => lostSharpness(image, axis)));
}

function lostSharpness(image, axis) {
  const edges = sobel(image, axis);
  const blurred = sobel(alongAxis(image, axis, [0.2, 0.2, 0.2, 0.2, 0.2]), axis);
  let [lost, all] = [0, 0];
  for (let y = 2; y < FACE_PX - 1; y++) {
    for (let x = 2; x < FACE_PX - 1; x++) {
      const i = y * FACE_PX + x;
      const edge = Math.max(Math.abs(edges[i]), TINY);
      lost += Math.max(edge - Math.max(Math.abs(blurred[i]), TINY), 0);
      all += edge;
    }
  }
  return Math.abs(1 - lost / all);
}

const sobel = (image, axis) =>
  alongAxis(alongAxis(image, axis, [-1, 0, 1]), 1 - axis, [1, 2, 1]);

/** Correlate along one axis (0: down, 1: across), reflected at the border. */
function alongAxis(image, axis, weights) {
  const reach = (weights.length - 1) / 2;
  const out = new Float64Array(image.length);
  const [step, other] = axis === 0 ? [FACE_PX, 1] : [1, FACE_PX];
  for (let line = 0; line < FACE_PX; line++) {
    for (let i = 0; i < FACE_PX; i++) {
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        let at = i + k;
        if (at < 0) at = -at - 1;
        if (at >= FACE_PX) at = 2 * FACE_PX - 1 - at;
        sum += weights[k + reach] * image[line * other + at * step];
      }
      out[line * other + i * step] = sum;
    }
  }
  return out;
}
