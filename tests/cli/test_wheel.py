"""The wheel: built from this checkout, small enough, and sorting where nothing else of it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

pytest.importorskip("hatchling")

ROOT = Path(__file__).resolve().parents[2]
MAX_MB = 30


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, as a user's pip does it, by the hatchling that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    ignore = shutil.ignore_patterns(".*", "runs", "datasets", "tests", "docs", "site")
    source = shutil.copytree(ROOT, folder / "source", ignore=ignore)
    shutil.copy(ROOT / ".gitignore", source)
    code = "from hatchling.build import build_wheel; print(build_wheel('..'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=source, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The wheel unpacked, which is what installing it without its dependencies comes to."""
    folder = wheel.parent / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < MAX_MB * 1e6


def test_it_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    scripts = {f"facesort/_scripts/{file.name}" for file in (ROOT / "tools").glob("*.py")}
    assert scripts <= set(names)
    assert {"facesort/weights/occlusion.onnx", "facesort/data_configs/occlusion.yaml"} <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"facesort"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_its_dependencies_are_the_small_set(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith("dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    needed = metadata.get_all("Requires-Dist") or []
    small = [line for line in needed if "extra ==" not in line]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert len(small) == len([line for line in lines if line and not line.startswith("#")])
    assert any("ultralytics" in line and "extra == 'train'" in line for line in needed)
    assert set(metadata.get_all("Provides-Extra") or []) == {"train", "test"}


def facesort(installed: Path, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    home = {"HOME": str(cwd), "XDG_CACHE_HOME": str(cwd / "cache"), "LOCALAPPDATA": str(cwd)}
    env = {key: value for key, value in os.environ.items() if key != "FACESORT_CACHE"}
    return subprocess.run(
        [sys.executable, "-m", "facesort", *args],
        cwd=cwd,
        env=env | home | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_sorts(installed: Path, tmp_path: Path) -> None:
    before = sorted(installed.rglob("*.onnx"))
    assert facesort(installed, "sample", cwd=tmp_path).returncode == 0
    done = facesort(installed, "sort", "--src", "sample_album", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("face", "masked", "sunglasses", "masked_sunglasses"):
        assert list((tmp_path / "sorted" / "faces" / name).iterdir())
    assert (tmp_path / "cache" / "facesort").is_dir(), (
        "detections are remembered in the user's cache"
    )
    assert sorted(installed.rglob("*.onnx")) == before
    assert not (installed / "facesort" / "runs").exists(), "nothing is written into the package"


def test_data_sets_go_where_you_are(installed: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    done = facesort(installed, "convert", str(labels), cwd=tmp_path)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert not (installed / "facesort" / "datasets").exists()


def test_its_models_are_found_from_anywhere(installed: Path, tmp_path: Path) -> None:
    assert facesort(installed, "sample", cwd=tmp_path).returncode == 0
    photo = tmp_path / "sample_album" / "2023" / "Space museum" / "portrait.png"
    photo.with_name("portrait.png.json").write_text('{"people": [{"name": "Eileen"}]}')
    done = facesort(installed, "import-people", "sample_album", "--out", "ex", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "ex" / "Eileen").iterdir())) == 1
