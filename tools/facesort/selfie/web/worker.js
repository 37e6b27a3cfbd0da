// Runs the networks beside the page, so that the camera image never stutters.

import { loadSelfieCheck } from "./lib/index.js";

const loading = loadSelfieCheck(new URL("./", import.meta.url));
loading.then(
  ({ settings }) => postMessage({ ready: true, settings, isolated: globalThis.crossOriginIsolated }),
  (error) => postMessage({ failed: String(error?.message ?? error) }),
);

addEventListener("message", async ({ data: { id, image, options } }) => {
  try {
    const selfie = await loading;
    const start = performance.now();
    const verdict = await selfie.check(image, options);
    postMessage({ id, verdict, ms: performance.now() - start });
  } catch (error) {
    postMessage({ id, failed: String(error?.message ?? error) });
  }
});
