"""Check this computer: what facesort finds here, what is missing, and the line that adds it.

    facesort doctor                      # this computer, and the disk of the current folder
    facesort doctor ~/Pictures/sorted    # the disk where the sorted folders will lie
    facesort doctor --json               # for a bug report or a script

Nothing is changed: links are tried in a temporary folder, and no camera is switched on.
Exit code: 0 all that sorting needs is here, 1 something is missing, 2 usage.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from facesort import console
from facesort.cli.health import Check, State, check_all

_MARKS = {State.ok: "ok", State.note: "note", State.missing: "MISSING"}


def main(argv: Sequence[str]) -> int:
    parser = console.parser(__doc__)
    parser.add_argument("folder", nargs="?", type=console.path, default=Path("."))
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    checks = check_all(args.folder)
    if args.json:
        print(json.dumps([dataclasses.asdict(check) for check in checks], indent=2))
    else:
        print("\n".join(as_lines(checks)))
    return int(any(check.state is State.missing for check in checks))


def as_lines(checks: Sequence[Check]) -> list[str]:
    """A line a check, and below it what to do."""
    lines = []
    for check in checks:
        lines.append(f"{_MARKS[check.state]:<8}{check.name:<12} {check.found}")
        if check.advice:
            lines.append(f"{'':<21}-> {check.advice}")
    missing = sum(check.state is State.missing for check in checks)
    end = "ready: facesort sort --src FOLDER" if not missing else f"{missing} missing, see above"
    return [*lines, "", end]
