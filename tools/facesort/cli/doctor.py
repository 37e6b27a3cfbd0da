"""Check this computer: what facesort finds here, what is missing, and the line that adds it.

    facesort doctor                      # this computer, and the disk of the current folder
    facesort doctor ~/Pictures/sorted    # the disk where the sorted folders will lie
    facesort doctor --json               # for a bug report or a script

Nothing is changed: links are tried in a temporary folder, and no camera is switched on.
Exit code: 0 all that sorting needs is here, 1 something is missing, 2 usage.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import facesort
from facesort import console, packages, paths
from facesort.models import presets

MIN_FREE_GB = 1.0
SHIPPED = (
    presets.FLOAT,
    presets.INT8,
    presets.INT8_OLD,
    "face_points.onnx",
    "face_embedding.onnx",
)


class State(str, enum.Enum):
    ok = "ok"
    note = "note"  # works without it
    missing = "missing"


@dataclass(frozen=True)
class Check:
    """``found`` says what is there, ``advice`` what to do, where there is something to do."""

    name: str
    state: State
    found: str
    advice: str = ""


def check_all(folder: Path) -> list[Check]:
    """All checks; ``folder`` (it need not exist yet) is on the disk to look at."""
    while not folder.is_dir():
        folder = folder.parent
    return [
        _facesort(),
        _python(),
        *_packages(),
        _processor(),
        _weights(),
        _torch(),
        _free(folder),
        _links(folder),
        _camera(),
        _browser(),
    ]


def _facesort() -> Check:
    kind = "installed" if paths.IS_INSTALLED else "checkout"
    return Check("facesort", State.ok, f"{facesort.__version__}, {kind} in {paths.ASSETS}")


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 10) <= sys.version_info < (3, 14):
        return Check("Python", State.ok, found)
    return Check("Python", State.note, found, "tested with Python 3.10 to 3.13")


def _packages() -> Iterator[Check]:
    """A check for sorting (needed) and one for training (optional)."""
    for title, modules, without in (
        ("packages", packages.SMALL_MODULES, State.missing),
        ("training", packages.TRAIN_MODULES, State.note),
    ):
        missing = sorted(name for name in modules if not packages.is_there(name))
        if missing:
            advice = f"run: {packages.install_line(missing)}"
            yield Check(title, without, f"not installed: {', '.join(missing)}", advice)
        else:
            yield Check(title, State.ok, f"all {len(modules)} packages are there")


def _processor() -> Check:
    chosen = (f"{name} {level.file} at {level.imgsz} px" for name, level in _levels())
    has_vnni = presets.adds_8_bits_whole()
    kind = "8-bit sums" if has_vnni else "no 8-bit sums (VNNI): models with weights in 7 bits"
    found = f"{os.cpu_count()} cores, {kind}; {', '.join(chosen)}"
    return Check("processor", State.ok, found)


def _levels() -> Iterator[tuple[str, presets.Preset]]:
    return ((name, presets.preset(name)) for name in presets.PRESETS)


def _weights() -> Check:
    folder = paths.ASSETS / "weights"
    missing = [name for name in SHIPPED if not (folder / name).is_file()]
    if missing:
        return Check("models", State.missing, f"not in {folder}: {', '.join(missing)}",
                     "install again, or in a checkout: git checkout -- weights")  # fmt: skip
    size_mb = sum((folder / name).stat().st_size for name in SHIPPED) / 1e6
    return Check("models", State.ok, f"{len(SHIPPED)} in {folder}, {size_mb:.0f} MB")


def _torch() -> Check:
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return Check("torch", State.note, "not installed; only training and .pt files need it")
    has_card = shutil.which("nvidia-smi") is not None
    names = (str(found.name).lower() for found in importlib.metadata.distributions())
    if any(name.startswith("nvidia-cu") for name in names) and not has_card:
        advice = "docs/install.md says how to get the CPU-only build, 5 GB smaller"
        return Check("torch", State.note, f"{version}, for an NVIDIA card; none is here", advice)
    return Check("torch", State.ok, f"{version}, {'' if has_card else 'no '}NVIDIA card")


def _free(folder: Path) -> Check:
    free_gb = shutil.disk_usage(folder).free / 1e9
    found = f"{free_gb:.1f} GB free in {folder.resolve()}"
    if free_gb < MIN_FREE_GB:
        return Check("disk", State.note, found, "linked photos take no space; face crops take some")
    return Check("disk", State.ok, found)


def _links(folder: Path) -> Check:
    kinds = [name for name, make in (("hard", os.link), ("symbolic", os.symlink))
             if _can_link(folder, make)]  # fmt: skip
    if "hard" in kinds:
        return Check("links", State.ok, f"{' and '.join(kinds)} links: sorted photos take no space")
    found = f"{kinds[0] if kinds else 'no'} links only" if kinds else "no links on this disk"
    return Check("links", State.note, found, "photos are copied: the album needs its size again")


def _can_link(folder: Path, make: object) -> bool:
    assert callable(make)
    try:
        with tempfile.TemporaryDirectory(dir=folder.resolve(), prefix=".facesort_") as name:
            original = Path(name, "original")
            original.write_bytes(b"x")
            make(original, Path(name, "link"))
            return Path(name, "link").read_bytes() == b"x"
    except (OSError, NotImplementedError):
        return False


def _camera() -> Check:
    if not sys.platform.startswith("linux"):
        return Check("camera", State.note, "not looked for", "facesort find 0 --show tries it")
    found = sorted(str(path) for path in Path("/dev").glob("video*"))
    if not found:
        return Check("camera", State.note, "none; only facesort find 0 needs one")
    return Check("camera", State.ok, ", ".join(found))


def _browser() -> Check:
    import webbrowser

    try:
        return Check("browser", State.ok, webbrowser.get().__class__.__name__)
    except webbrowser.Error:
        advice = "facesort prints the address of its page: open it in a browser of this computer"
        return Check("browser", State.note, "none found", advice)


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
