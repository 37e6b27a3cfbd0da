"""What mends a finding, as plain data: an edit of a label, another split, or a file taken away.

`proposals` makes them, the report shows them, `mending` carries them out. They can be written as
JSON and read back, so that a program may tick what a person else would.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

from facesort.dataset.check.label_errors import Corners
from facesort.errors import DatasetError

DELETE_BOX, ADD_BOX, MOVE_BOX = "delete box", "add box", "move box"
CHANGE_CLASS, TURN_BOXES = "change class", "turn boxes"
DELETE_COPY, MOVE_SPLIT = "delete duplicate", "move to another split"
LEAVE_OUT, EMPTY_LABEL, DELETE_LABEL = "leave image out", "write empty label", "delete label file"

ADDED = -1  # the line of an edit that adds one
DUPLICATE = "duplicate"  # the kind of what only a group tells
SPLIT = "split"  # and of what only a leak-free split asks for


@dataclass(frozen=True)
class Edit:
    """``line`` counts the label's lines that are not blank, from 0, or is `ADDED`; ``text`` is
    what stands there afterwards, "" for nothing."""

    line: int
    text: str


@dataclass(frozen=True)
class Fix:
    """``kind`` is the check or the doubt it mends; ``image`` its name in the data set.

    ``before_px`` and ``after_px`` are boxes for the picture. ``lines`` are the label as it was when
    it was checked, None where there was no file: another one is not edited.
    """

    kind: str
    action: str
    split: str
    image: str
    finding: str
    what: str
    score: float | None = None
    edits: tuple[Edit, ...] = ()
    move_to: str = ""
    removes: bool = False
    before_px: Corners | None = None
    after_px: Corners | None = None
    other: str = ""  # the image it is a copy of
    lines: tuple[str, ...] | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.split, self.image

    @cached_property
    def id(self) -> str:
        """16 hex digits: what is done to what; the same fix for two findings is one."""
        done = (self.action, self.key, self.edits, self.move_to, self.removes)
        return blake2b(ascii(done).encode(), digest_size=8).hexdigest()

    @property
    def as_json(self) -> dict[str, Any]:
        """Plain types, which `from_json` reads."""
        shown = {"id": self.id, "apply": False, "kind": self.kind, "action": self.action}
        shown |= {"split": self.split, "image": self.image, "finding": self.finding}
        shown |= {"what": self.what, "score": None if self.score is None else round(self.score, 4)}
        done = {"edits": [[e.line, e.text] for e in self.edits], "move_to": self.move_to}
        lines = None if self.lines is None else list(self.lines)
        return shown | done | {"removes": self.removes, "lines": lines}


def from_json(data: Any, where: str) -> Fix:
    """A fix that `Fix.as_json` wrote; raises `DatasetError` for anything else."""
    try:
        lines = data["lines"]
        kind, action, split = str(data["kind"]), str(data["action"]), str(data["split"])
        image, finding, what = str(data["image"]), str(data["finding"]), str(data["what"])
        fix = Fix(
            *(kind, action, split, image, finding, what),
            edits=tuple(Edit(int(line), str(text)) for line, text in data["edits"]),
            move_to=str(data["move_to"]),
            removes=data["removes"] is True,
            lines=None if lines is None else tuple(map(str, lines)),
        )
    except (KeyError, TypeError, ValueError):
        raise DatasetError(f"{where}: is no fix; expected one of a fixes.json") from None
    if any(len(edit.text.splitlines()) > 1 for edit in fix.edits):
        raise DatasetError(f"{where}: an edit of several lines; expected one line a box")
    return fix
