"""Put an icon that opens the start page into the menu, so that no terminal is needed.

    facesort install-launcher                 # where this system keeps such icons
    facesort install-launcher --to ~/Desktop  # somewhere else
    facesort install-launcher --remove

Linux: a .desktop file; macOS: a .command file in Applications; Windows: a .bat file in the start
menu. Only Linux has been tried in a real session; the other two files are checked by tests.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.cli.launcher_files import launcher_for
from facesort.errors import UsageError


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
