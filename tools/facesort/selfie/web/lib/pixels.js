// Images as plain bytes, and the resizing of OpenCV, number for number: a network sees noise where
// two programs shrink an image differently. An image is { data, width, height }, RGB, row by row.

/** @typedef {{ data: Uint8Array, width: number, height: number }} Image */
/** @typedef {{ data: Uint8Array, width: number, height: number }} Grey one byte a pixel */

/** Python's round(): halves go to the even number. @param {number} value */
export function round(value) {
  const low = Math.floor(value);
  const part = value - low;
  if (part !== 0.5) return part < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/** @param {{ data: ArrayLike<number>, width: number, height: number }} rgba ImageData of a canvas
 * @returns {Image} */
export function fromRgba({ data, width, height }) {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[from + 1];
    rgb[to + 2] = data[from + 2];
  }
  return { data: rgb, width, height };
}

/** @param {Image} image @returns {Image} */
export function crop(image, left, top, right, bottom) {
  const width = right - left;
  const height = bottom - top;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(start, start + width * 3), y * width * 3);
  }
  return { data, width, height };
}

/** `image` on a canvas of one grey, its left upper corner at (left, top). @returns {Image} */
export function onCanvas(image, width, height, left, top, grey) {
  const data = new Uint8Array(width * height * 3).fill(grey);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    data.set(row, ((top + y) * width + left) * 3);
  }
  return { data, width, height };
}

/** Halve by area until the longer side is below `downToPx`, as letterbox.py does. */
export function halve(image, downToPx) {
  let now = image;
  while (Math.max(now.width, now.height) >= Math.max(downToPx, 2)) {
    now = half(now);
  }
  return now;
}

function half(image) {
  const width = Math.max(1, Math.floor(image.width / 2));
  const height = Math.max(1, Math.floor(image.height / 2));
  if (image.width < 2 || image.height < 2) {
    return resizeArea(image, width, height, 3);
  }
  const data = new Uint8Array(width * height * 3);
  const from = image.data;
  const row = image.width * 3;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, at = 2 * y * row; x < width; x++, at += 6) {
      for (let c = 0; c < 3; c++, to++) {
        const i = at + c;
        data[to] = (from[i] + from[i + 3] + from[i + row] + from[i + row + 3] + 2) >> 2;
      }
    }
  }
  return { data, width, height };
}

/** Where each target pixel lies between two source pixels, in weights of 1/2048. Beyond the border
 * OpenCV takes a column once, but a row twice, which rounds in another way. */
function linearTaps(target, source, isRows) {
  const scale = source / target;
  return Array.from({ length: target }, (_, i) => {
    const at = Math.fround((i + 0.5) * scale - 0.5);
    let first = Math.floor(at);
    let part = Math.fround(at - first);
    const last = source - 1;
    const second = Math.min(first + 1, last);
    if (!isRows && (first < 0 || first >= last)) part = 0;
    first = Math.min(Math.max(first, 0), last);
    return [first, second, round(Math.fround(1 - part) * 2048), round(part * 2048)];
  });
}

/** cv2.INTER_LINEAR for bytes. */
export function resizeLinear(image, width, height, channels = 3) {
  const columns = linearTaps(width, image.width, false);
  const rows = linearTaps(height, image.height, true);
  const data = new Uint8Array(width * height * channels);
  const lines = [
    { row: -1, sums: new Int32Array(width * channels) },
    { row: -1, sums: new Int32Array(width * channels) },
  ];
  const line = (row, other) => {
    const known = lines.find((candidate) => candidate.row === row);
    if (known) return known;
    const fresh = lines[0] === other ? lines[1] : lines[0];
    fresh.row = row;
    const start = row * image.width * channels;
    for (let x = 0, to = 0; x < width; x++) {
      const [a, b, wa, wb] = columns[x];
      for (let c = 0; c < channels; c++, to++) {
        const left = image.data[start + a * channels + c];
        fresh.sums[to] = left * wa + image.data[start + b * channels + c] * wb;
      }
    }
    return fresh;
  };
  for (let y = 0, to = 0; y < height; y++) {
    const [a, b, wa, wb] = rows[y];
    const above = line(a, lines.find((candidate) => candidate.row === b));
    const below = line(b, above);
    for (let i = 0; i < width * channels; i++, to++) {
      const upper = (wa * (above.sums[i] >> 4)) >> 16;
      data[to] = (upper + ((wb * (below.sums[i] >> 4)) >> 16) + 2) >> 2;
    }
  }
  return { data, width, height };
}

/** Each target pixel's source pixels and how much of each it covers. */
function areaTaps(target, source) {
  const scale = source / target;
  return Array.from({ length: target }, (_, i) => {
    const start = i * scale;
    const end = Math.min(start + scale, source);
    const taps = [];
    for (let at = Math.floor(start + 1e-9); at < end - 1e-9; at++) {
      const share = Math.min(end, at + 1) - Math.max(start, at);
      if (share > 1e-3) taps.push([at, share]);
    }
    const sum = taps.reduce((all, tap) => all + tap[1], 0);
    return taps.map(([at, share]) => [at, share / sum]);
  });
}

/** cv2.INTER_AREA for bytes, shrinking. */
export function resizeArea(image, width, height, channels = 3) {
  const columns = areaTaps(width, image.width);
  const rows = areaTaps(height, image.height);
  const across = new Float64Array(image.height * width * channels);
  for (let y = 0, to = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++, to++) {
        for (const [at, share] of columns[x]) {
          across[to] += share * image.data[(y * image.width + at) * channels + c];
        }
      }
    }
  }
  const data = new Uint8Array(width * height * channels);
  const wide = width * channels;
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < wide; i++) {
      let sum = 0;
      for (const [at, share] of rows[y]) sum += share * across[at * wide + i];
      data[y * wide + i] = round(sum);
    }
  }
  return { data, width, height };
}

/** cv2.COLOR_RGB2GRAY. @param {Image} image @returns {Grey} */
export function toGrey({ data, width, height }) {
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = (data[at] * 9798 + data[at + 1] * 19235 + data[at + 2] * 3735 + 16384) >> 15;
  }
  return { data: grey, width, height };
}
