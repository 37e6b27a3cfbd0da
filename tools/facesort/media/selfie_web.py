"""Writes the selfie check as a static web folder: pages, settings, models and ONNX Runtime Web.

The folder needs no server of ours and loads nothing from elsewhere. ONNX Runtime Web comes from
npm once (`INSTALL`), is pinned in web/package.json, and its WASM is copied, never downloaded here.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from facesort.classes import CLASS_NAMES
from facesort.errors import ModelError, UsageError
from facesort.paths import PACKAGE as FACESORT
from facesort.selfie.limits import Limits
from facesort.selfie.words import languages

PAGES = FACESORT / "selfie" / "web"
PACKAGE = "onnxruntime-web"
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def runtime_version() -> str:
    """The version of ONNX Runtime Web that the page is tested with."""
    package = json.loads((PAGES / "package.json").read_text(encoding="utf-8"))
    return str(package["dependencies"][PACKAGE])


def find_runtime(given: Path | None, folders: tuple[Path, ...]) -> Path:
    """The folder of ONNX Runtime Web's files: ``given``, an unpacked npm package or a folder with
    node_modules, else the node_modules of ``folders``. Raises `UsageError` where there is none,
    or of another version."""
    candidates = [given] if given else list(folders)
    packages = [base / sub for base in candidates for sub in (f"node_modules/{PACKAGE}", ".")]
    for package in packages:
        if all((package / "dist" / name).is_file() for name in RUNTIME):
            _check_version(package)
            return package / "dist"
    where = f"{given}: no {PACKAGE} there" if given else f"{PACKAGE} is not installed"
    raise UsageError(f"{where}; run once: npm install {PACKAGE}@{runtime_version()}")


def _check_version(package: Path) -> None:
    try:
        found = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        found = "unknown"
    if found != runtime_version():
        raise UsageError(
            f"{package}: version {found}; expected {runtime_version()}; run: "
            f"npm install {PACKAGE}@{runtime_version()}"
        )


def settings(detector: Path, points: Path, limits: Limits) -> dict[str, Any]:
    """All that the page decides by, from the same sources as Python: the model's own metadata,
    the limits, the sizes of the looks, the words. Raises `ModelError` for another model."""
    from facesort.models import letterbox, occlusion_scores
    from facesort.models.detect import load_detector
    from facesort.models.input_size import STRIDE, InputSizes
    from facesort.models.people import align
    from facesort.models.people import points as five

    model = load_detector(detector)
    if model.names != CLASS_NAMES:
        raise ModelError(f"{detector}: finds {', '.join(model.names)[:60]}; expected our classes")
    if not points.is_file():
        raise ModelError(f"{points}: no such model; expected an .onnx that finds five points")
    return {
        "runtime": f"runtime/{RUNTIME[0]}",
        "limits": asdict(limits),
        "words": {name: asdict(words) for name, words in languages().items()},
        "detector": {
            "file": f"models/{detector.name}",
            "names": list(model.names),
            "conf": model.conf,
            "end2end": model.end2end,
            "square": model.square,
            "imgsz": model.imgsz if model.square else limits.network_px,
            "sizes": asdict(InputSizes()),
            "grey": letterbox.GREY,
            "stride": STRIDE,
            "iou_same_face": letterbox.IOU_SAME_FACE,
            "max_faces": letterbox.MAX_FACES,
        },
        "covers": {
            "look_px": limits.cover_px,
            "room": occlusion_scores.ROOM,
            "border": occlusion_scores.BORDER,
            "same_iou": occlusion_scores.SAME_IOU,
        },
        "points": {
            "file": f"models/{points.name}",
            "input_px": five.INPUT_PX,
            "side_px": align.SIDE_PX,
            "looks": five.LOOKS,
            "target_px": five.TARGET_PX.tolist(),
            "face_height_px": five.FACE_HEIGHT_PX,
            "face_middle_px": five.FACE_MIDDLE_PX.tolist(),
        },
    }


def write_web_folder(
    out: Path, runtime: Path, detector: Path, points: Path, limits: Limits
) -> None:
    """Write the whole page into ``out``, which may hold an older one and nothing else.

    ``runtime`` is what `find_runtime` found. Raises `UsageError` where ``out`` holds other files.
    """
    content = settings(detector, points, limits)
    if out.exists() and not (out / "settings.json").is_file() and any(out.iterdir()):
        raise UsageError(f"{out}: holds other files; pass a folder that is new or empty")
    shutil.copytree(
        PAGES, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "*-lock.json")
    )
    for name in RUNTIME:
        _copy(runtime / name, out / "runtime" / name)
    for model in (detector, points):
        _copy(model, out / "models" / model.name)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (out / "settings.json").write_text(text + "\n", encoding="utf-8")


def _copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)
