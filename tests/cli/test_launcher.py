"""The launchers of three systems, each read by the rules of its own system."""

from __future__ import annotations

import configparser
import ntpath
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from facesort.cli import launcher
from facesort.cli.launcher import batch_file, desktop_file, launcher_for, shell_file

PYTHONS = [
    "/usr/bin/python3",
    "/home/Ana Müller/.venv/bin/python",
    '/opt/a"b/$HOME/`x`/100%/python',
    r"/opt/back\slash/python",
]


def exec_arguments(content: str) -> list[str]:
    """The Exec line as the Desktop Entry Specification reads it: first the string's escapes, then
    the quotes, then the percent signs."""
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(content)
    line = parser["Desktop Entry"]["Exec"].replace("\\\\", "\\")
    match = re.fullmatch(r'"((?:[^"`$\\]|\\.)*)" (.*)', line)
    assert match, f"not quoted as the specification wants it: {line}"
    program = re.sub(r"\\(.)", r"\1", match[1])
    return [word.replace("%%", "%") for word in (program, *match[2].split())]


@pytest.mark.parametrize("python", PYTHONS)
def test_desktop_file(python: str) -> None:
    assert exec_arguments(desktop_file(python)) == [python, "-m", "facesort"]


@pytest.mark.parametrize("python", PYTHONS)
def test_command_file(python: str) -> None:
    first, line = shell_file(python).splitlines()
    assert first == "#!/bin/sh"
    assert shlex.split(line) == ["exec", python, "-m", "facesort", "$@"]


@pytest.mark.parametrize(
    "python", [r"C:\Users\Jürgen Groß\venv\Scripts\python.exe", r"D:\100%\python.exe"]
)
def test_batch_file(python: str) -> None:
    lines = batch_file(python).split("\r\n")
    assert "\n" not in "".join(lines), "cmd.exe wants CR LF"
    assert lines[0] == "@echo off" and lines[1].startswith("chcp 65001")
    started = next(line for line in lines if "facesort %*" in line)
    path = started.split('"')[1].replace("%%", "%")
    assert path == python and ntpath.isabs(path)
    assert lines[-1] == ""


@pytest.mark.parametrize(
    ("system", "name", "is_executable"),
    [
        ("linux", "facesort.desktop", False),
        ("darwin", "facesort.command", True),
        ("win32", "facesort.bat", False),
    ],
)
def test_each_system_has_its_own(system: str, name: str, is_executable: bool) -> None:
    found = launcher_for(system, "/usr/bin/python3")
    assert (found.name, found.is_executable or system == "linux") == (
        name,
        is_executable or system == "linux",
    )
    assert found.folder.is_absolute()


def test_the_windows_folder_follows_appdata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPDATA", r"C:\Users\Ana\AppData\Roaming")
    folder = str(launcher_for("win32", "python.exe").folder)
    parts = folder.replace("/", "\\")
    assert ntpath.isabs(parts) and parts.endswith(r"Microsoft\Windows\Start Menu\Programs")


def test_installed_it_starts_facesort_and_goes_away_again(tmp_path: Path) -> None:
    assert launcher.main(["--to", str(tmp_path / "menu")]) == 0
    (file,) = (tmp_path / "menu").iterdir()
    if sys.platform.startswith("linux"):
        command = exec_arguments(file.read_text(encoding="utf-8"))
        env = os.environ | {"PYTHONPATH": str(Path(launcher.__file__).parents[2])}
        done = subprocess.run([*command, "--version"], env=env, capture_output=True, text=True)
        assert done.stdout.startswith("facesort ")
    assert launcher.main(["--to", str(tmp_path / "menu"), "--remove"]) == 0
    assert not file.exists()
    assert launcher.main(["--to", str(tmp_path / "menu"), "--remove"]) == 0
