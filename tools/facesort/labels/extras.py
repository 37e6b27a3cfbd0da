"""What a label says of a box besides its place and class, and which format has room for what.

Attributes have names, so a format with room for them keeps the other kinds as well, under the
names that CVAT and Datumaro use: ``track_id``, ``score``, ``occluded``, ``truncated``,
``difficult``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

TRACK_ID, CONFIDENCE, ATTRIBUTES = "track_id", "confidence", "attributes"
FLAGS = ("occluded", "truncated", "difficult")
KINDS = (TRACK_ID, CONFIDENCE, *FLAGS, ATTRIBUTES)
EVERYTHING = frozenset(KINDS)
_SCORE = "score"
_WORDS = {TRACK_ID: "track ids", CONFIDENCE: "confidences", ATTRIBUTES: "attributes"}
_WORDS |= {flag: f"{flag} flags" for flag in FLAGS}


@dataclass(frozen=True)
class Extras:
    """``confidence`` is 0 to 1; ``attributes`` are (name, value), each name once, sorted."""

    track_id: int | None = None
    confidence: float | None = None
    occluded: bool = False
    truncated: bool = False
    difficult: bool = False
    attributes: tuple[tuple[str, str], ...] = ()

    def kinds(self) -> Counter[str]:
        """How many of each kind there are."""
        count = Counter(flag for flag in FLAGS if getattr(self, flag))
        count[TRACK_ID] = int(self.track_id is not None)
        count[CONFIDENCE] = int(self.confidence is not None)
        count[ATTRIBUTES] = len(self.attributes)
        return +count

    def flags(self) -> list[str]:
        return [flag for flag in FLAGS if getattr(self, flag)]

    def named(self, apart: Iterable[str] = ()) -> dict[str, str]:
        """All but ``apart`` as attributes."""
        out = dict(self.attributes)
        if TRACK_ID not in apart and self.track_id is not None:
            out[TRACK_ID] = str(self.track_id)
        if CONFIDENCE not in apart and self.confidence is not None:
            out[_SCORE] = repr(self.confidence)
        return out | {flag: "true" for flag in self.flags() if flag not in apart}


NOTHING = Extras()


def from_named(named: Mapping[str, str], given: Extras = NOTHING) -> Extras:
    """What `Extras.named` gave, added to what a label has in fields of its own."""
    rest = {_plain(name): _plain(value) for name, value in named.items()}
    rest.pop("", None)
    track_id, confidence = given.track_id, given.confidence
    if track_id is None:
        track_id = as_int(rest.get(TRACK_ID))
        if track_id is not None:
            del rest[TRACK_ID]
    if confidence is None:
        confidence = as_share(rest.get(_SCORE))
        if confidence is not None:
            del rest[_SCORE]
    flags = {flag: bool(getattr(given, flag)) or is_true(rest.get(flag)) for flag in FLAGS}
    kept = {n: v for n, v in rest.items() if n not in FLAGS or not is_yes_or_no(v)}
    if not kept and track_id is None and confidence is None and not any(flags.values()):
        return NOTHING
    attributes = tuple(sorted({**dict(given.attributes), **kept}.items()))
    return with_flags(flags, Extras(track_id, confidence, attributes=attributes))


def texts(mapping: object) -> dict[str, str]:
    """The scalars of a JSON object as text; nothing where it is none."""
    pairs = mapping.items() if isinstance(mapping, Mapping) else ()
    return {
        str(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in pairs
        if isinstance(value, str | int | float | bool) and value != ""
    }


def _plain(text: str) -> str:
    """One line that every format can hold, XML as well."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def is_true(value: object) -> bool:
    """As the formats write yes: 1, true, True, "1", "yes"."""
    return str(value).strip().lower() in ("1", "true", "yes", "1.0")


def is_yes_or_no(value: object) -> bool:
    return is_true(value) or str(value).strip().lower() in ("0", "false", "no", "", "0.0")


def as_int(value: object) -> int | None:
    """A whole number as a number or text, else None."""
    text = str(value).strip()
    is_whole = text.isascii() and text.lstrip("-").isdigit() and len(text) <= 18
    return int(text) if is_whole and not text[1:].startswith("-") else None


def as_share(value: object) -> float | None:
    """A number from 0 to 1 as a number or text, else None."""
    try:
        share = float(str(value))
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def with_flags(flags: Mapping[str, bool], more: Extras = NOTHING) -> Extras:
    """``more`` with those of `FLAGS` that are true."""
    return replace(
        more,
        occluded=flags.get("occluded", False),
        truncated=flags.get("truncated", False),
        difficult=flags.get("difficult", False),
    )


def count_kinds(extras: Iterable[Extras]) -> Counter[str]:
    """How many of each kind, over all boxes."""
    total: Counter[str] = Counter()
    for one in extras:
        if one is not NOTHING:
            total += one.kinds()
    return total


def dropped(extras: Iterable[Extras], room: Collection[str]) -> Counter[str]:
    """How many of each kind a format of this ``room`` cannot hold."""
    total: Counter[str] = Counter()
    if ATTRIBUTES in room:
        return total
    for one in extras:
        kinds = one.kinds()
        kinds[ATTRIBUTES] -= sum(name in room and is_true(v) for name, v in one.attributes)
        total += Counter({kind: n for kind, n in kinds.items() if kind not in room})
    return total


def say(counts: Mapping[str, int]) -> str:
    """``312 track ids, 5 attributes``."""
    return ", ".join(f"{counts[kind]:,} {_WORDS[kind]}" for kind in KINDS if counts.get(kind))
