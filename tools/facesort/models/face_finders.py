"""Faces with five landmarks, for building data: YuNet, or a YOLO pose model."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from facesort.detections import FaceFinder, FoundFaces
from facesort.errors import ModelError
from facesort.models.input_size import shrunk


def load_face_finder(weights: Path, conf: float = 0.15) -> FaceFinder:
    """Return ``find(rgb, imgsz)``; raises `ModelError` if ``weights`` has no five landmarks."""
    from facesort.models.ultralytics_loader import load_yolo

    model = load_yolo(weights, task="pose")
    points = int(model.model.model[-1].kpt_shape[0])
    if points != 5:
        raise ModelError(f"{weights}: finds {points} points; expected 5: eyes, nose, mouth")

    def find(rgb: NDArray[np.uint8], imgsz: int) -> FoundFaces:
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        result = model.predict(bgr, imgsz=imgsz, conf=conf, verbose=False)[0]
        return FoundFaces(
            result.boxes.xyxy.cpu().numpy().astype(np.float64),
            result.boxes.conf.cpu().numpy().astype(np.float64),
            result.keypoints.xy.cpu().numpy().astype(np.float64),
        )

    return find


_IOU = 0.3  # of two boxes of one face; the file's own default in OpenCV


def load_yunet(weights: Path, conf: float = 0.6) -> FaceFinder:
    """Return ``find(rgb, imgsz)``; an image whose longer side is below ``imgsz`` stays as it is.

    Raises `ModelError` where ``weights`` is missing or no YuNet file.
    """
    import cv2

    if not weights.is_file():
        raise ModelError(f"{weights}: no such model; expected YuNet's .onnx file")
    # bytes, not a path: OpenCV on Windows cannot open Unicode paths
    data = np.frombuffer(weights.read_bytes(), dtype=np.uint8)
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # OpenCV 5 warns of itself
    try:
        network = cv2.FaceDetectorYN.create("onnx", data, data[:0], (32, 32), conf, _IOU)
        network.detect(np.zeros((32, 32, 3), dtype=np.uint8))
    except cv2.error as error:
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(f"{weights}: OpenCV cannot use it as YuNet ({reason[:120]})") from error
    finally:
        cv2.utils.logging.setLogLevel(level)
    one_at_a_time = Lock()  # the input size is part of the network

    def find(rgb: NDArray[np.uint8], imgsz: int) -> FoundFaces:
        small, scale = shrunk(rgb, imgsz)
        with one_at_a_time:
            network.setInputSize((small.shape[1], small.shape[0]))
            rows = network.detect(small[..., ::-1].copy())[1]
        faces = np.empty((0, 15)) if rows is None else rows.astype(np.float64)
        faces = faces[np.argsort(-faces[:, 14], kind="stable")]
        xyxy = np.concatenate([faces[:, :2], faces[:, :2] + faces[:, 2:4]], axis=1)
        points = faces[:, 4:14].reshape(-1, 5, 2)
        return FoundFaces(xyxy / scale, faces[:, 14], points / scale)

    return find
