// Boxes: [x1, y1, x2, y2] in pixels of the upright image, edges, so width = x2 - x1.

/** @typedef {[number, number, number, number]} Box */
/** @typedef {{ box: Box, classId: number, confidence: number }} Face */

/** @param {Box} box */
export const area = ([x1, y1, x2, y2]) => Math.max(x2 - x1, 0) * Math.max(y2 - y1, 0);

/** @param {Box} box */
export const minSide = ([x1, y1, x2, y2]) => Math.min(x2 - x1, y2 - y1);

/** @param {Box} a @param {Box} b */
export function shared(a, b) {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return Math.max(w, 0) * Math.max(h, 0);
}

/** @param {Box} a @param {Box} b */
export function iou(a, b) {
  const both = shared(a, b);
  const union = area(a) + area(b) - both;
  return union > 0 ? both / union : 0;
}

/** How much of `a` lies in `b`. */
export const shareInside = (a, b) => shared(a, b) / Math.max(area(a), 1e-9);

/** @param {Box} box @returns {Box} */
export function clip([x1, y1, x2, y2], width, height) {
  const within = (value, most) => Math.min(Math.max(value, 0), most);
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
}

/** Greedy suppression of faces sorted by falling confidence; who overlaps a kept one goes. */
export function suppress(faces, maxIou) {
  const kept = [];
  for (const face of faces) {
    const overlaps = (other) => {
      const both = shared(face.box, other.box);
      return both > maxIou * (area(face.box) + area(other.box) - both);
    };
    if (!kept.some(overlaps)) kept.push(face);
  }
  return kept;
}
