// The verdict on one image (selfie/check.py): what stands in the way of recognising the face.

import { area, minSide, shared } from "./boxes.js";
import { largest } from "./detect.js";
import { measure, poseOf } from "./measure.js";

const SAME_FACE = 0.5; // so much of a smaller box inside the main face: not another person

/** @param {import("./pixels.js").Image} image @param {import("./boxes.js").Face[]} faces
 * @param {import("./points.js").Points | null} points of the largest face
 * @param {Record<string, number>} limits the fields of data_configs/selfie.yaml
 * @param {{ eyes: number, mouth: number } | null} covers of the largest face; they decide over its
 *   class */
export function checkSelfie(image, faces, points, limits, scale = 1, covers = null) {
  if (!faces.length) return { usable: false, reasons: ["no_face"], covered: [], measures: null };
  const main = faces[largest(faces)];
  const measures = {
    confidence: main.confidence,
    other_face: largestOther(main, faces),
    ...measure(image, main.box, scale),
    pose: points ? poseOf(points) : null,
  };
  const covered = ["eyes", "mouth"].filter((part) =>
    covers ? covers[part] > limits.max_cover : isCovered(main.classId, part),
  );
  const reasons = reasonsOf(measures, covered, limits);
  return { usable: !reasons.length, reasons, covered, measures };
}

/** The class index is two bits: 1 the mouth, 2 the eyes. */
const isCovered = (classId, part) => (classId & (part === "eyes" ? 2 : 1)) !== 0;

function reasonsOf(m, covered, limits) {
  const checks = {
    several_faces: m.other_face > limits.max_other_face,
    eyes_covered: covered.includes("eyes"),
    mouth_covered: covered.includes("mouth"),
    cut_off: m.border_gap < limits.min_border_gap,
    too_small: m.face_px < limits.min_face_px,
    turned: m.pose !== null && Math.abs(m.pose.nose_offset) > limits.max_nose_offset,
    tilted: m.pose !== null && Math.abs(m.pose.tilt_deg) > limits.max_tilt_deg,
    too_dark: m.light < limits.min_light,
    too_bright: m.burnt > limits.max_burnt,
    blurred: m.blur > limits.max_blur,
  };
  const named = Object.keys(checks).filter((reason) => checks[reason]);
  return named.length || m.confidence >= limits.min_confidence ? named : ["unclear"];
}

/** The side of the largest other face as a fraction of the main one's. */
function largestOther(main, faces) {
  const apart = faces.filter(
    (face) => face !== main && shared(face.box, main.box) <= SAME_FACE * area(face.box),
  );
  const sides = apart.map((face) => minSide(face.box));
  return Math.max(0, ...sides) / Math.max(minSide(main.box), 1);
}

/** One sentence for the person. @param {string[]} reasons */
export function advice(reasons, words) {
  if (!reasons.length) return words.usable;
  const phrases = reasons.map((reason) => words.hints[reason]);
  const first = phrases.slice(0, -1).join(words.comma);
  const how = [first, phrases.at(-1)].filter(Boolean).join(words.last_comma);
  return words.again.replace("{how}", () => how);
}
