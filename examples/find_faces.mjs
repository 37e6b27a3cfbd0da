// Faces of a photo, and what covers them, by the self-contained ONNX file and ONNX Runtime Web.
//
//     python tools/yolo_to_onnx.py --nms --preprocess --out faces.onnx     # once
//     npm install onnxruntime-web@1.30.0 sharp                              # beside this file
//     node find_faces.mjs faces.onnx photo.jpg
//
// Prints a line a face: class, confidence, x1 y1 x2 y2 in pixels of the upright photo.

import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-web/wasm";
import sharp from "sharp";

const CLASSES = ["face", "masked", "sunglasses", "masked_sunglasses"];
const [model, photo] = process.argv.slice(2);

const upright = sharp(photo).rotate().flatten({ background: "white" }).toColourspace("srgb");
const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
const bgr = new Uint8Array(info.width * info.height * 3);
for (let i = 0; i < bgr.length; i += 3) bgr.set([data[i + 2], data[i + 1], data[i]], i);

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(new Uint8Array(await readFile(model)));
const image = new ort.Tensor("uint8", bgr, [info.height, info.width, 3]);
const faces = (await session.run({ [session.inputNames[0]]: image }))[session.outputNames[0]];
for (let i = 0; i < faces.data.length; i += 6) {
  const [x1, y1, x2, y2, confidence, classId] = faces.data.subarray(i, i + 6);
  const box = [x1, y1, x2, y2].map(Math.round).join(" ");
  console.log(`${CLASSES[classId]} ${confidence.toFixed(2)} ${box}`);
}
