"""What can be checked of the Docker images and installers without Docker or another system."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def stages() -> dict[str, list[str]]:
    """The instructions of the Dockerfile by stage; a stage begins with those it is built from."""
    found: dict[str, list[str]] = {}
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if match := re.match(r"FROM (\S+) AS (\w+)", line):
            current = found[match[2]] = list(found.get(match[1], []))
        elif line and not line.startswith("#"):
            current.append(line)
    return found


def test_images_hold_what_they_copy() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:].split("/")[0] for line in ignore if line.startswith("!")}
    copied = [line.split()[1] for line in stages()["full"] if line.startswith("COPY ")]
    assert "tools" in copied
    for source in copied:
        assert (ROOT / source).exists()
        assert any(Path(source).match(pattern) for pattern in kept), f"{source} is ignored"


def test_no_image_runs_as_root() -> None:
    for name, lines in stages().items():
        users = [line.split()[1] for line in lines if line.startswith("USER ")]
        assert users[-1] == "facesort", name


def test_wheels_are_looked_for_on_every_python_we_name() -> None:
    script = runpy.run_path(str(ROOT / "installers" / "wheels_everywhere.py"))
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    match = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', text)
    assert match
    named = tuple(f"3.{minor}" for minor in range(int(match[1]), int(match[2])))
    assert script["PYTHONS"] == named


def test_the_program_takes_every_data_file_of_the_package() -> None:
    """As the wheel does: whatever is no Python file."""
    script = runpy.run_path(str(ROOT / "installers" / "build_program.py"))
    data = script["data_files"]()
    package = ROOT / "tools" / "facesort"
    assert data[package / "selfie" / "words.yaml"] == "facesort/selfie"
    assert data[ROOT / "tools" / "sort_photos.py"] == "facesort/_scripts"
    assert not [file for file in data if file.suffix == ".pyc" or "__pycache__" in file.parts]
