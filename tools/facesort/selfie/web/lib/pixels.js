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
    // below: the same pixels one row further on, and the next ones to the right three bytes on
    for (let x = 0, at = 2 * y * row, under = at + row; x < width; x++, at += 6, under += 6) {
      data[to++] = (from[at] + from[at + 3] + from[under] + from[under + 3] + 2) >> 2;
      data[to++] = (from[at + 1] + from[at + 4] + from[under + 1] + from[under + 4] + 2) >> 2;
      data[to++] = (from[at + 2] + from[at + 5] + from[under + 2] + from[under + 5] + 2) >> 2;
    }
  }
  return { data, width, height };
}

/** Where each target pixel lies between two source pixels, in weights of 1/2048. Beyond the border
 * OpenCV takes a column once, but a row twice, which rounds in another way. */
function linearTaps(target, source, isRows) {
  const scale = source / target;
  const [first, second] = [new Int32Array(target), new Int32Array(target)];
  const [ofFirst, ofSecond] = [new Int32Array(target), new Int32Array(target)];
  const last = source - 1;
  for (let i = 0; i < target; i++) {
    const at = Math.fround((i + 0.5) * scale - 0.5);
    const low = Math.floor(at);
    let part = Math.fround(at - low);
    if (!isRows && (low < 0 || low >= last)) part = 0;
    first[i] = Math.min(Math.max(low, 0), last);
    second[i] = Math.min(low + 1, last);
    ofFirst[i] = round(Math.fround(1 - part) * 2048);
    ofSecond[i] = round(part * 2048);
  }
  return { first, second, ofFirst, ofSecond };
}

/** cv2.INTER_LINEAR for bytes. */
export function resizeLinear(image, width, height, channels = 3) {
  const columns = linearTaps(width, image.width, false);
  const rows = linearTaps(height, image.height, true);
  const wide = width * channels;
  const data = new Uint8Array(wide * height);
  let [above, below] = [new Int32Array(wide), new Int32Array(wide)];
  let [aboveRow, belowRow] = [-1, -1]; // rows of the image that lie in them, scaled across
  for (let y = 0, to = 0; y < height; y++) {
    const [a, b] = [rows.first[y], rows.second[y]];
    if (a === belowRow) [above, below, aboveRow, belowRow] = [below, above, belowRow, aboveRow];
    if (a !== aboveRow) scaleRow(image, a, columns, channels, above);
    if (b !== belowRow) scaleRow(image, b, columns, channels, below);
    [aboveRow, belowRow] = [a, b];
    const [ofAbove, ofBelow] = [rows.ofFirst[y], rows.ofSecond[y]];
    for (let i = 0; i < wide; i++, to++) {
      const upper = (ofAbove * (above[i] >> 4)) >> 16;
      data[to] = (upper + ((ofBelow * (below[i] >> 4)) >> 16) + 2) >> 2;
    }
  }
  return { data, width, height };
}

function scaleRow({ data, width }, row, { first, second, ofFirst, ofSecond }, channels, sums) {
  const start = row * width * channels;
  for (let x = 0, to = 0; x < first.length; x++) {
    const a = start + first[x] * channels;
    const b = start + second[x] * channels;
    for (let c = 0; c < channels; c++, to++) {
      sums[to] = data[a + c] * ofFirst[x] + data[b + c] * ofSecond[x];
    }
  }
}

/** Each target pixel's source pixels and how much of each it covers: those of `i` are
 * `at` and `share` from `starts[i]` to `starts[i + 1]`. */
function areaTaps(target, source) {
  const scale = source / target;
  const most = target * (Math.ceil(scale) + 1);
  const starts = new Int32Array(target + 1);
  const [at, share] = [new Int32Array(most), new Float64Array(most)];
  let count = 0;
  for (let i = 0; i < target; i++) {
    const start = i * scale;
    const end = Math.min(start + scale, source);
    let sum = 0;
    for (let pixel = Math.floor(start + 1e-9); pixel < end - 1e-9; pixel++) {
      const part = Math.min(end, pixel + 1) - Math.max(start, pixel);
      if (part <= 1e-3) continue;
      [at[count], share[count]] = [pixel, part];
      sum += part;
      count += 1;
    }
    for (let tap = starts[i]; tap < count; tap++) share[tap] /= sum;
    starts[i + 1] = count;
  }
  return { starts, at, share };
}

/** cv2.INTER_AREA for bytes, shrinking. */
export function resizeArea(image, width, height, channels = 3) {
  const columns = areaTaps(width, image.width);
  const rows = areaTaps(height, image.height);
  const wide = width * channels;
  const data = new Uint8Array(wide * height);
  const line = new Float64Array(image.width * channels); // the image's rows under one of the target
  for (let y = 0, to = 0; y < height; y++) {
    line.fill(0);
    for (let tap = rows.starts[y]; tap < rows.starts[y + 1]; tap++) {
      const share = rows.share[tap];
      const start = rows.at[tap] * line.length;
      for (let i = 0; i < line.length; i++) line[i] += share * image.data[start + i];
    }
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++, to++) {
        let sum = 0;
        for (let tap = columns.starts[x]; tap < columns.starts[x + 1]; tap++) {
          sum += columns.share[tap] * line[columns.at[tap] * channels + c];
        }
        data[to] = round(sum);
      }
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
