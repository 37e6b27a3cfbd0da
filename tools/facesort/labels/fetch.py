"""Fetches images from the web into files, on request only; what was begun is continued.

An image grows as ``<name>.part`` and gets its own name when it is whole, so that a file is never
half an image. Continuing asks for the rest (RFC 9110, section 14: Range); a server that sends the
whole again is taken at its word.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from facesort.photos.decode import format_of

MAX_BYTES = 100_000_000
_BLOCK_BYTES = 1 << 16
_SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp", "TIFF": ".tif", "BMP": ".bmp"}
_SUFFIX |= {"HEIC": ".heic", "AVIF": ".avif"}


@dataclass(frozen=True)
class Fetched:
    """Where an image is now, or ``why`` it is not."""

    path: Path | None
    why: str = ""


def fetch_image(url: str, stem: Path, timeout_s: float = 20) -> Fetched:
    """The image at ``url`` as ``stem`` plus the suffix of what it is; none is fetched twice."""
    there = next(
        (p for s in _SUFFIX.values() if (p := stem.parent / f"{stem.name}{s}").exists()), None
    )
    if there:
        return Fetched(there)
    if not url.lower().startswith(("http://", "https://")):
        return Fetched(None, "its address is no http address")
    part = stem.parent / f"{stem.name}.part"
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, timeout_s)
    except urllib.error.HTTPError as error:
        return Fetched(None, f"the server answers {error.code}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Fetched(None, f"cannot be fetched ({error or type(error).__name__})")
    with part.open("rb") as file:
        kind = format_of(file.read(512))
    if kind not in _SUFFIX:
        part.unlink()
        return Fetched(None, "what came is no image")
    return Fetched(part.rename(stem.parent / f"{stem.name}{_SUFFIX[kind]}"))


def _fetch(url: str, part: Path, timeout_s: float) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "facesort"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.urlopen(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        error.close()
        part.unlink()  # it was whole, or is another one now: once more from the start
        _fetch(url, part, timeout_s)
        return
    with (
        answer,
        part.open("ab" if answer.status == http.HTTPStatus.PARTIAL_CONTENT else "wb") as file,
    ):
        while block := answer.read(_BLOCK_BYTES):
            file.write(block)
            if file.tell() > MAX_BYTES:
                raise ValueError(f"more than {MAX_BYTES / 1e6:.0f} MB")
        if answer.length:  # the connection broke; the next run goes on from here
            raise ValueError(f"{answer.length:,} bytes are missing; run again to go on")
