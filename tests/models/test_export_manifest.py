"""The manifest beside an export says what the file takes and gives."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

from facesort.classes import CLASS_NAMES
from facesort.dataset.sample_data import make_sample_album
from facesort.models.end_to_end_export import write_end_to_end
from facesort.models.export_manifest import manifest, write_manifest

ONNX = Path(__file__).resolve().parents[2] / "weights" / "occlusion.onnx"


def test_a_plain_network() -> None:
    content = manifest(ONNX, 640)
    assert content["classes"] == list(CLASS_NAMES)
    assert content["input"]["type"] == "float" and content["input"]["longer_side_px"] == 640
    assert content["input"]["shape"][1] == 3 and not content["output"]["suppression_inside"]
    assert 0 < content["thresholds"]["confidence"] < content["thresholds"]["class"] < 1


@pytest.mark.parametrize(
    ("preprocess", "kind", "pixels"), [(False, "float", "input"), (True, "uint8", "image")]
)
def test_a_self_contained_one(tmp_path: Path, preprocess: bool, kind: str, pixels: str) -> None:
    write_end_to_end(ONNX, tmp_path / "faces.onnx", 640, preprocess)
    content = manifest(tmp_path / "faces.onnx", 640)
    assert content["classes"] == list(CLASS_NAMES) and content["input"]["type"] == kind
    assert content["output"]["boxes_in_pixels_of"] == pixels
    assert content["output"]["content"].startswith("(faces, 6): x1 y1 x2 y2 confidence class")
    assert content["output"]["suppression_inside"]


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (["a.onnx"], "a.onnx.json"),
        (["a.xml", "a.bin"], "a.xml.json"),
        (["model.ncnn.param", "model.ncnn.bin"], "model.ncnn.param.json"),
    ],
)
def test_every_file_of_a_model_is_hashed(tmp_path: Path, names: list[str], written: str) -> None:
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    out = write_manifest({"classes": ["Zoë"]}, tmp_path / names[0])
    assert out == tmp_path / written
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["classes"] == ["Zoë"]
    assert [part["name"] for part in content["files"]] == names
    for part in content["files"]:
        assert part["sha256"] == hashlib.sha256(part["name"].encode()).hexdigest()
        assert part["bytes"] == len(part["name"])


def test_the_examples_find_what_the_project_finds(tmp_path: Path) -> None:
    """examples/find_faces.py; find_faces.mjs where Node and its packages are
    ($FACESORT_ONNXRUNTIME_WEB); find_faces.cpp where a compiler, stb and ONNX Runtime's headers are
    ($FACESORT_ONNXRUNTIME_CPP, a release; else libonnxruntime-dev), linked with pip's library."""
    make_sample_album(tmp_path / "album")
    photo = tmp_path / "album/2024/Ausflug am See/IMG_0001.jpg"
    write_end_to_end(ONNX, tmp_path / "faces.onnx", 640, True)
    examples = ONNX.parents[1] / "examples"
    commands = [[sys.executable, str(examples / "find_faces.py")]]
    packages = Path(os.environ.get("FACESORT_ONNXRUNTIME_WEB", "none")) / "node_modules"
    if shutil.which("node") and (packages / "sharp").is_dir():
        (tmp_path / "node_modules").symlink_to(packages)
        shutil.copy(examples / "find_faces.mjs", tmp_path)
        commands.append(["node", str(tmp_path / "find_faces.mjs")])
    if program := compiled(examples / "find_faces.cpp", tmp_path):
        commands.append([str(program)])
    for command in commands:
        done = subprocess.run(
            [*command, str(tmp_path / "faces.onnx"), str(photo)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0 and not done.stderr, done.stderr
        (line,) = done.stdout.splitlines()
        name, confidence, *box = line.split()
        assert name == "masked" and 0.3 < float(confidence) <= 1 and len(box) == 4


def compiled(source: Path, folder: Path) -> Path | None:
    """The program, warnings being errors; None where what it needs is not here."""
    given = Path(os.environ.get("FACESORT_ONNXRUNTIME_CPP", "none")).absolute() / "include"
    header = "onnxruntime_cxx_api.h"
    includes = [p for p in (given, Path("/usr/include/onnxruntime")) if (p / header).is_file()]
    wheel = Path(onnxruntime.__file__).parent / "capi"
    libraries = [*given.parent.glob("lib/libonnxruntime.so*"), *wheel.glob("libonnxruntime.so*")]
    stb = Path("/usr/include/stb/stb_image.h").is_file()
    if not (shutil.which("c++") and includes and libraries and stb):
        return None
    (folder / "libonnxruntime.so.1").symlink_to(libraries[0])  # the name that programs ask for
    places = [f"-I{includes[0]}", str(folder / "libonnxruntime.so.1"), f"-Wl,-rpath,{folder}"]
    program = folder / "find_faces"
    build = ["c++", "-std=c++17", "-Wall", "-Werror", str(source), *places, "-o", str(program)]
    subprocess.run(build, check=True, timeout=300)
    return program


@pytest.mark.parametrize(
    "name", ["occlusion.onnx", "occlusion-int8.onnx", "occlusion-int8-avx2.onnx"]
)
def test_the_shipped_models_have_the_manifest_of_their_own_bytes(name: str, tmp_path: Path) -> None:
    shipped = ONNX.parent / name
    copy = Path(shutil.copy(shipped, tmp_path))
    made = write_manifest(manifest(copy, 640), copy)
    assert shipped.with_name(made.name).read_bytes() == made.read_bytes()
