"""Make a small photo album to try the other tools on: no camera, no network needed.

    python tools/make_sample_album.py
    python tools/make_sample_album.py --dst /tmp/sample_album

A dozen photos in nested folders, taken from installed packages, with drawn masks and sunglasses:
bare faces, masks, sunglasses, both, and photos without a face; also turned by EXIF, PNG, WebP
and HEIC. Running it again leaves the album as it is; any other folder that holds something is
refused.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from facesort import console


def main(argv: Sequence[str]) -> None:
    parser = console.parser(__doc__)
    parser.add_argument(
        "--dst",
        type=console.path,
        default=Path("sample_album"),
        help="the folder to make (%(default)s)",
    )
    dst: Path = parser.parse_args(argv).dst
    from facesort.dataset.sample_data import SAMPLES, make_sample_album

    if make_sample_album(dst):
        say(f"made {len(SAMPLES)} photos in {dst}:")
        for sample in SAMPLES:
            say(f"  {sample.name}")
    else:
        say(f"{dst} is a sample album already; left as it is")
    say(f"next: python tools/sort_photos.py --src {_quoted(str(dst))}")


def say(text: str) -> None:
    """Print what the terminal can show of ``text``: not every one knows the cake."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


def _quoted(path: str) -> str:
    """``path`` ready to paste, in any shell."""
    return f'"{path}"' if " " in path else path


if __name__ == "__main__":
    console.run(main)
