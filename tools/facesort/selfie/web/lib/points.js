// Five points of a face whose box is known (models/people/points.py): the network sees the square
// around the box, turns the face upright by what it saw, and looks again.

import { crop, resizeArea, round } from "./pixels.js";

/** @typedef {[number, number][]} Points left eye, right eye, nose, mouth corners, image's order */
/** @typedef {[[number, number, number], [number, number, number]]} Matrix */

/** @param {import("./detect.js").Forward} forward @returns {Promise<Points>} */
export async function findPoints(forward, image, box, settings) {
  const { input_px: px, target_px: target, looks } = settings;
  let view = squareOfBox(box, settings);
  let points = target;
  for (let look = 0; look < looks; look++) {
    const { data } = await forward(asInput(see(image, view, settings)), [1, 3, px, px]);
    const seen = target.map(([x, y], i) => [x + data[2 * i], y + data[2 * i + 1]]);
    points = seen.map((point) => back(point, view));
    view = similarity(points, target);
  }
  return points;
}

function squareOfBox([x1, y1, x2, y2], { face_height_px: height, face_middle_px: middle }) {
  const scale = height / (y2 - y1);
  const [dx, dy] = [middle[0] - (scale * (x1 + x2)) / 2, middle[1] - (scale * (y1 + y2)) / 2];
  return [[scale, 0, dx], [0, scale, dy]];
}

function see(image, view, { input_px: px, side_px: side }) {
  const zoom = side / px;
  const shift = zoom / 2 - 0.5; // pixel centres
  const fine = view.map(([a, b, c]) => [a * zoom, b * zoom, c * zoom + shift]);
  return resizeArea(warp(image, fine, side), px, px);
}

function asInput({ data, width, height }) {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) values[c * plane + i] = (data[3 * i + c] - 127.5) / 128;
  }
  return values;
}

/** Rotation, one scale and shift that takes `from` nearest to `to` in least squares. */
export function similarity(from, to) {
  const middle = (points) => [0, 1].map((k) => points.reduce((s, p) => s + p[k], 0) / points.length);
  const [ma, mb] = [middle(from), middle(to)];
  let [spread, cos, sin] = [0, 0, 0];
  from.forEach((point, i) => {
    const [ax, ay] = [point[0] - ma[0], point[1] - ma[1]];
    const [bx, by] = [to[i][0] - mb[0], to[i][1] - mb[1]];
    spread += ax * ax + ay * ay;
    cos += ax * bx + ay * by;
    sin += ax * by - ay * bx;
  });
  [cos, sin] = [cos / spread, sin / spread];
  return [
    [cos, -sin, mb[0] - cos * ma[0] + sin * ma[1]],
    [sin, cos, mb[1] - sin * ma[0] - cos * ma[1]],
  ];
}

function inverse([[a, b, c], [d, e, f]]) {
  const det = a * e - b * d;
  const [ia, ib, id, ie] = [e / det, -b / det, -d / det, a / det];
  return [[ia, ib, -(ia * c + ib * f)], [id, ie, -(id * c + ie * f)]];
}

function back([x, y], view) {
  return inverse(view).map(([a, b, c]) => a * x + b * y + c);
}

/** The image seen through `matrix`, side x side; black outside. Shrunk first where much larger. */
export function warp(image, matrix, side) {
  const scale = Math.hypot(matrix[0][0], matrix[1][0]);
  const halvings = scale > 0 && scale < 0.5 ? Math.floor(Math.log2(1 / scale)) : 0;
  return halvings ? warpShrunk(image, matrix, side, 2 ** halvings) : sample(image, matrix, side);
}

function warpShrunk(image, matrix, side, step) {
  const corners = [[0, 0], [side, 0], [0, side], [side, side]].map((p) => back(p, matrix));
  const range = (k, size) => {
    const values = corners.map((corner) => corner[k]);
    const low = Math.min(Math.max(Math.floor(Math.min(...values)) - 8, 0), size - 1);
    return [low, Math.min(Math.max(Math.ceil(Math.max(...values)) + 8, low + 1), size)];
  };
  const [[x0, x1], [y0, y1]] = [range(0, image.width), range(1, image.height)];
  const part = crop(image, x0, y0, x1, y1);
  const size = [part.width, part.height].map((n) => Math.max(1, Math.floor(n / step)));
  const factor = [part.width / size[0], part.height / size[1]];
  const middle = [x0 + factor[0] / 2 - 0.5, y0 + factor[1] / 2 - 0.5];
  const moved = matrix.map(([a, b, c]) => [
    a * factor[0], b * factor[1], a * middle[0] + b * middle[1] + c,
  ]);
  return sample(resizeArea(part, size[0], size[1]), moved, side);
}

/** Bilinear, black outside. */
function sample(image, matrix, side) {
  const [[a, b, c], [d, e, f]] = inverse(matrix);
  const { data: from, width, height } = image;
  const data = new Uint8Array(side * side * 3);
  for (let y = 0, to = 0; y < side; y++) {
    for (let x = 0; x < side; x++, to += 3) {
      const sx = a * x + b * y + c;
      const sy = d * x + e * y + f;
      const left = Math.floor(sx);
      const top = Math.floor(sy);
      if (left < -1 || top < -1 || left >= width || top >= height) continue;
      const px = sx - left;
      const py = sy - top;
      // corners outside weigh nothing, and are read where the image is
      const w00 = left < 0 || top < 0 ? 0 : (1 - px) * (1 - py);
      const w10 = left + 1 >= width || top < 0 ? 0 : px * (1 - py);
      const w01 = left < 0 || top + 1 >= height ? 0 : (1 - px) * py;
      const w11 = left + 1 >= width || top + 1 >= height ? 0 : px * py;
      const upper = Math.max(top, 0) * width;
      const lower = Math.min(top + 1, height - 1) * width;
      const [near, far] = [Math.max(left, 0), Math.min(left + 1, width - 1)];
      const i00 = (upper + near) * 3;
      const i10 = (upper + far) * 3;
      const i01 = (lower + near) * 3;
      const i11 = (lower + far) * 3;
      for (let k = 0; k < 3; k++) {
        const sum = w00 * from[i00 + k] + w10 * from[i10 + k] + w01 * from[i01 + k];
        data[to + k] = round(sum + w11 * from[i11 + k]);
      }
    }
  }
  return { data, width: side, height: side };
}
