// The selfie check for a web page or for Node: load once, then ask of each image.
//
//     const selfie = await loadSelfieCheck(new URL("./", location.href));
//     const verdict = await selfie.check(context.getImageData(0, 0, width, height));
//     verdict.usable, verdict.reasons, verdict.advice, verdict.faces
//
// Nothing is sent anywhere: models and runtime are files of the folder that Python wrote.

import { area } from "./boxes.js";
import { advice, checkSelfie } from "./check.js";
import { coverScores, follow } from "./covers.js";
import { detect, largest } from "./detect.js";
import { fromRgba } from "./pixels.js";
import { findPoints } from "./points.js";

/** Load everything from `base`, the folder written by check_selfie.py --web-out.
 * @param {URL | string} base
 * @param {{ threads?: number }} [options] */
export async function loadSelfieCheck(base, options = {}) {
  const at = (path) => new URL(path, base).href;
  const response = await fetch(at("settings.json"));
  if (!response.ok) throw new Error(`settings.json: ${response.status}; is the folder complete?`);
  const settings = await response.json();
  const ort = await import(at(settings.runtime));
  ort.env.wasm.wasmPaths = at("runtime/");
  ort.env.wasm.numThreads = options.threads ?? usableThreads();
  const [detector, points] = [at(settings.detector.file), at(settings.points.file)];
  return createSelfieCheck({ ort, settings, detector, points });
}

/** Threads need a page that is isolated from others (COOP and COEP headers). */
function usableThreads() {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  return globalThis.crossOriginIsolated ? Math.min(4, cores) : 1;
}

/** The same from parts that the caller has: ONNX Runtime's module, settings, and both models as
 * addresses or bytes. */
export async function createSelfieCheck({ ort, settings, detector, points }) {
  const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
  const detectorForward = await forwardOf(ort, detector, options);
  const pointsForward = await forwardOf(ort, points, options);

  /** All faces, and what covers the largest. */
  async function lookAtAll(image, imgsz) {
    const faces = await detect(detectorForward, image, imgsz, settings.detector);
    const main = faces.length ? faces[largest(faces)] : null;
    const covers = hasArea(main) ? await coverScores(detectorForward, image, main, settings) : null;
    return { faces, main, covers };
  }

  /** The largest face alone, where it was in the image before; null where it is lost. */
  async function lookAgain(image, { faces }) {
    const before = faces.length ? faces[largest(faces)] : null;
    const seen = hasArea(before) ? await follow(detectorForward, image, before.box, settings) : null;
    if (!seen) return null;
    const now = faces.map((face) => (face === before ? seen.face : face));
    return now[largest(now)] === seen.face ? { faces: now, main: seen.face, covers: seen.covers } : null;
  }

  async function check(rgba, options = {}) {
    const { language = "en", scale = 1, imgsz = settings.detector.imgsz, last = null } = options;
    const image = rgba.data.length === rgba.width * rgba.height * 3 ? rgba : fromRgba(rgba);
    const again = last && (await lookAgain(image, last));
    const { faces, main, covers } = again ?? (await lookAtAll(image, imgsz));
    const found = hasArea(main) ? await findPoints(pointsForward, image, main.box, settings.points) : null;
    const verdict = checkSelfie(image, faces, found, settings.limits, scale, covers);
    const said = faces.map((face) => (face === main ? { ...face, classId: classOf(verdict) } : face));
    return { ...verdict, advice: advice(verdict.reasons, settings.words[language]), faces: said };
  }

  return { check, settings };
}

const hasArea = (face) => face !== null && area(face.box) > 0;

/** The main face's class by what the verdict says is covered. */
const classOf = ({ covered }) => (covered.includes("eyes") ? 2 : 0) + (covered.includes("mouth") ? 1 : 0);

/** @returns {Promise<import("./detect.js").Forward>} */
async function forwardOf(ort, model, options) {
  const session = await ort.InferenceSession.create(model, options);
  const [takes, gives] = [session.inputNames[0], session.outputNames[0]];
  return async (pixels, dims) => {
    const output = await session.run({ [takes]: new ort.Tensor("float32", pixels, dims) });
    return output[gives];
  };
}
