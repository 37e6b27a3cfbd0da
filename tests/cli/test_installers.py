"""What can be checked of the Docker images and installers without Docker or another system."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

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


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_start_file_installs_once_and_goes_on_after_a_failure(tmp_path: Path) -> None:
    project = tmp_path / "face sort"
    for name in ("installers", "tools"):
        (project / name).mkdir(parents=True)
    start = shutil.copy(ROOT / "installers" / "start.command", project / "installers")
    (project / "tools" / "review.py").write_text("import sys; print('page', sys.argv[1:])")
    needs = project / "requirements.txt"

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run([start, "my album"], capture_output=True, text=True, cwd=tmp_path)

    needs.write_text("./not_there.whl\n")
    failed = run()
    assert failed.returncode == 1 and "the lines above say why" in failed.stderr
    needs.write_text("")
    assert run().stdout.endswith("page ['my album']\n")
    needs.write_text("./not_there.whl\n")  # not read again
    assert run().stdout == "page ['my album']\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_start_file_says_which_python_it_needs(tmp_path: Path) -> None:
    start = shutil.copy(ROOT / "installers" / "start.command", tmp_path / "start.command")
    (tmp_path / "bin").mkdir()
    for name in ("sh", "dirname"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    old = tmp_path / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # a Python that is too old or too new
    old.chmod(0o755)
    env = {"PATH": str(tmp_path / "bin")}
    done = subprocess.run(["sh", start], capture_output=True, text=True, env=env)
    assert done.returncode == 1 and "needs Python 3.10 to 3.13" in done.stderr


def test_the_start_file_of_windows_is_as_cmd_wants_it() -> None:
    """CR LF, every label that is jumped to is there, paths quoted, UTF-8 before other text."""
    text = (ROOT / "installers" / "start.bat").read_bytes().decode("ascii")
    lines = text.split("\r\n")
    assert "\n" not in "".join(lines)
    labels = {line[1:] for line in lines if line.startswith(":")}
    assert set(re.findall(r"goto (\w+)", text)) <= labels
    assert lines[0] == "@echo off" and 'cd /d "%~dp0.."' in lines
    assert all(path in text for path in ('".venv\\Scripts\\python.exe"', "tools\\review.py"))
