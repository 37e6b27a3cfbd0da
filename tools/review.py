"""Correct a sorted album in the browser: by keys, by mouse, with suggestions that learn at once.

    python tools/review.py sorted                  # the folder that sort_photos.py filled
    python tools/review.py sorted --no-browser     # only print the address
    python tools/review.py                         # choose an album, sort it, then review

The page is served to this machine alone (127.0.0.1), behind a random token; no photo leaves it. All
you do goes into the folders and into corrections.jsonl, as if you had dragged crops in the file
manager: both can be used side by side. Every act can be undone, also tomorrow (Ctrl+Z). Press ? on
the page for all keys. Ctrl-C in the terminal ends it.
Exit code: 0 done, 1 a problem, 2 usage.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facesort import console
from facesort.errors import UsageError

if TYPE_CHECKING:
    from facesort.album.person.face_encoder import FaceEncoder

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "runs" / "cache"  # as sort_photos.py has it
POINTS, EMBEDDING = (ROOT / "weights" / f"face_{name}.onnx" for name in ("points", "embedding"))


def load_face_encoder(options: Mapping[str, str]) -> FaceEncoder:
    """The encoder that an album was sorted with, by the options of that sorting."""
    from facesort.album.person import face_encoder

    return face_encoder.load_face_encoder(POINTS, Path(options.get("encoder", EMBEDDING)))


def arguments(argv: Sequence[str]) -> Namespace:
    parser = console.parser(__doc__)
    add = parser.add_argument
    add(
        "album",
        type=console.path,
        nargs="?",
        metavar="SORTED",
        help="the folder that sort_photos.py filled; without it, the page asks",
    )
    add("--port", type=int, default=0, metavar="N", help="listen there (default: any free port)")
    add("--no-browser", action="store_true", help="print the address, do not open the browser")
    args: Namespace = parser.parse_args(argv)
    if not 0 <= args.port < 65536:
        raise UsageError(f"--port {args.port}: expected 0 to 65535")
    return args


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    try:
        from facesort.review.server import serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{error.name} is not installed: python -m pip install starlette uvicorn"
        ) from error
    from facesort.reporter import ConsoleReporter

    report = ConsoleReporter(sys.stdout, sys.stderr)
    cache = Path(os.environ.get("FACESORT_CACHE") or CACHE)
    return serve(args.album, args.port, not args.no_browser, report.say, cache, load_face_encoder)


if __name__ == "__main__":
    console.run(main)
