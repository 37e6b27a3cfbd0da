"""Put an icon that opens the start page into the menu, so that no terminal is needed.

    facesort install-launcher                 # where this system keeps such icons
    facesort install-launcher --to ~/Desktop  # somewhere else
    facesort install-launcher --remove

Linux: a .desktop file; macOS: a .command file in Applications; Windows: a .bat file in the start
menu. Only Linux has been tried in a real session; the other two files are checked by tests.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facesort import console
from facesort.errors import UsageError

TITLE = "facesort"


@dataclass(frozen=True)
class Launcher:
    folder: Path
    name: str
    content: bytes
    is_executable: bool


def launcher_for(system: str, python: str) -> Launcher:
    """``system`` as `sys.platform` names it; ``python`` is the interpreter that has facesort."""
    if system == "win32":
        return Launcher(
            _windows_folder(), f"{TITLE}.bat", batch_file(python).encode("utf-8"), False
        )
    if system == "darwin":
        folder = Path.home() / "Applications"
        return Launcher(folder, f"{TITLE}.command", shell_file(python).encode("utf-8"), True)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    content = desktop_file(python).encode("utf-8")
    return Launcher(data / "applications", f"{TITLE}.desktop", content, True)


def desktop_file(python: str) -> str:
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Version=1.5\n"
        f"Name={TITLE}\n"
        "Comment=Sort photo albums by what covers each face, and by person\n"
        "Comment[de]=Fotos nach verdeckten Gesichtern und nach Personen sortieren\n"
        "Comment[ko]=얼굴 가림과 사람별로 사진을 정리합니다\n"
        f"Exec={_desktop_quoted(python)} -m facesort\n"
        "Icon=image-x-generic\n"
        "Terminal=true\n"
        "Categories=Graphics;Photography;\n"
    )


def batch_file(python: str) -> str:
    """For cmd.exe: UTF-8 from the first line on, percent signs doubled, the window kept open where
    something went wrong."""
    quoted = '"' + python.replace("%", "%%") + '"'
    lines = [
        "@echo off",
        "chcp 65001 >nul",
        f"title {TITLE}",
        f"{quoted} -m facesort %*",
        "if errorlevel 1 pause",
    ]
    return "\r\n".join(lines) + "\r\n"


def shell_file(python: str) -> str:
    """For macOS: Terminal opens a .command file by a double click."""
    return f'#!/bin/sh\nexec {shlex.quote(python)} -m facesort "$@"\n'


def _desktop_quoted(text: str) -> str:
    """An argument of Exec: in double quotes, with what is special there escaped twice, once for
    the quotes and once for the string type of the file; a percent sign is doubled."""
    for special in ("\\", '"', "`", "$"):
        text = text.replace(special, f"\\{special}")
    return '"' + text.replace("\\", "\\\\").replace("%", "%%") + '"'


def _windows_folder() -> Path:
    roaming = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    return Path(roaming, "Microsoft", "Windows", "Start Menu", "Programs")


def main(argv: Sequence[str]) -> int:
    parser = console.parser(__doc__)
    parser.add_argument("--to", type=console.path, metavar="DIR", help="the folder to write into")
    parser.add_argument("--remove", action="store_true", help="take the icon away again")
    args = parser.parse_args(argv)
    launcher = launcher_for(sys.platform, sys.executable)
    file = (args.to or launcher.folder) / launcher.name
    if args.remove:
        return _remove(file)
    _write(file, launcher.content, launcher.is_executable)
    print(f"written: {file}; next: open it by a double click")
    return 0


def _write(file: Path, content: bytes, is_executable: bool) -> None:
    if file.parent.exists() and not file.parent.is_dir():
        raise UsageError(f"{file.parent}: is a file; expected a folder for --to")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    if is_executable:
        file.chmod(0o755)


def _remove(file: Path) -> int:
    if not file.is_file():
        print(f"{file}: not there; nothing to remove")
        return 0
    file.unlink()
    print(f"removed: {file}")
    return 0
