"""Reads XML that came from elsewhere: entities are refused, what is wrong with it is one line."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from facesort.errors import LabelError


class _NoDoctype(ElementTree.TreeBuilder):
    """Entities are what "billion laughs" is made of; no format read here has use for a DOCTYPE."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("has a DOCTYPE")


def load(path: Path, tag: str, expected: str) -> ElementTree.Element:
    """The root of ``path``, which must be called ``tag``; raises `LabelError`."""
    try:
        with path.open("rb") as stream:
            return _parse(stream, str(path), tag, expected)
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror})") from error


def parse(data: bytes, where: str, tag: str, expected: str) -> ElementTree.Element:
    """The root of a file's bytes; raises `LabelError`."""
    return _parse(BytesIO(data), where, tag, expected)


def _parse(stream: IO[bytes], where: str, tag: str, expected: str) -> ElementTree.Element:
    try:
        parser = ElementTree.XMLParser(target=_NoDoctype())
        root = ElementTree.parse(stream, parser).getroot()
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # LookupError: its encoding
        raise LabelError(f"{where}: not an XML file ({error}); expected {expected}") from error
    if root is None or (tag and root.tag != tag):
        found = "nothing" if root is None else f"<{root.tag}>"
        raise LabelError(f"{where}: holds {found}; expected <{tag}> ({expected})")
    return root
