/** RGBA of a canvas (ImageData), or RGB with three bytes a pixel. */
export interface Pixels {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/** What stands in the way, in the order in which a person would fix it. */
export type Reason =
  | "no_face" | "several_faces" | "eyes_covered" | "mouth_covered" | "cut_off" | "too_small"
  | "turned" | "tilted" | "too_dark" | "too_bright" | "blurred" | "unclear";

export interface Face {
  /** x1, y1, x2, y2 in pixels of the image given */
  box: [number, number, number, number];
  /** 0 face, 1 masked, 2 sunglasses, 3 masked_sunglasses */
  classId: number;
  confidence: number;
}

export interface Measures {
  confidence: number;
  face_px: number;
  other_face: number;
  border_gap: number;
  light: number;
  burnt: number;
  blur: number;
  pose: { nose_offset: number; tilt_deg: number } | null;
}

export interface Verdict {
  usable: boolean;
  reasons: Reason[];
  covered: ("eyes" | "mouth")[];
  /** one sentence for the person */
  advice: string;
  /** null where there is no face */
  measures: Measures | null;
  /** all faces, most certain first */
  faces: Face[];
}

export interface Options {
  /** "en" (default) or another language of settings.words */
  language?: string;
  /** width of the image over that of the full photo: sizes of faces refer to the full photo */
  scale?: number;
  /** longer side at which the network looks; default: settings.detector.imgsz */
  imgsz?: number;
  /** the verdict on a film's image before: the largest face is looked at alone, where it was, and
   * the other faces are taken to be where they were; all is looked at where the face is lost */
  last?: Verdict | null;
}

export interface SelfieCheck {
  check(image: Pixels, options?: Options): Promise<Verdict>;
  settings: Record<string, any>;
}

export function loadSelfieCheck(
  base: URL | string,
  options?: { threads?: number },
): Promise<SelfieCheck>;

export function createSelfieCheck(parts: {
  ort: any;
  settings: Record<string, any>;
  detector: string | Uint8Array;
  points: string | Uint8Array;
}): Promise<SelfieCheck>;
