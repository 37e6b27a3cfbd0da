"""The records that travel through the album room: what was seen, what is planned.

`Scan` is what one look at a photo found, `Entry` is where that photo and its face crops go, `Plan`
is all entries of one run. They are plain data that survive JSON unchanged, undecodable bytes of
file names included: the journal and a saved plan are made of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from facesort.classes import CLASS_NAMES

PHOTOS, FACES = VIEWS = ("photos", "faces")  # folders right below a destination
UNSURE = "_unsure"
NO_FACE = "_no_face"
NOT_A_FACE = "_not_a_face"
UNREADABLE = "_unreadable"
STRANGERS = "_strangers"

BoxPx = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Folders:
    """What an album is sorted into: the names of ``people``, or without them, the classes."""

    people: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.people or CLASS_NAMES

    @property
    def photos(self) -> tuple[str, ...]:
        return (*self.names, UNSURE, *self._strangers, NO_FACE, UNREADABLE)

    @property
    def faces(self) -> tuple[str, ...]:
        return (*self.names, UNSURE, *self._strangers, NOT_A_FACE)

    @property
    def _strangers(self) -> tuple[str, ...]:
        return (STRANGERS,) if self.people else ()


BY_CLASS = Folders()
FACE_FOLDERS = BY_CLASS.faces


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a face from others: its ``vector`` as text, seen by the embedding whose
    fingerprint is ``by``, and its quality (`person.quality`)."""

    by: str
    vector: str
    side_px: float
    sharpness: float
    turned: float


@dataclass(frozen=True, slots=True)
class Vote:
    """Whose a model with a class a person says a face is: the name of that class."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Face:
    """One face; the box in pixels of the full upright photo, to a tenth. Sorting by class needs no
    ``identity``, and some faces are too small to have one; ``vote`` is there where one was asked
    for. In a video it is the face of ``frame``, counted from 0, at ``time_s``."""

    xyxy_px: BoxPx
    class_name: str
    confidence: float
    identity: Identity | None = None
    vote: Vote | None = None
    frame: int | None = None
    time_s: float | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A face of ``person``, its vector as text, and what it is worth, above 0 to 1
    (`person.quality`)."""

    person: str
    class_name: str
    vector: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Learned:
    """All that is needed to judge faces, or to judge them anew, without a photo or a model: the
    examples as the embedding whose fingerprint is ``by`` saw them, what it says of ``likeness``
    (JSON), and what was asked for. With ``context``, those around a face have a say in whose it is
    (`person.context`)."""

    by: str
    likeness: str
    precision: float
    allow_twins: bool
    examples: tuple[Example, ...]
    context: bool = True


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where a face goes when sorting by person. ``likeliest`` is a person's name, "" where it looks
    like none; ``probability`` that it is that person; ``poor`` why the face says little, or ""."""

    folder: str
    likeliest: str
    probability: float
    poor: str = ""

    @property
    def certainty(self) -> float:
        """That it belongs into ``folder``; of an unsure face, to the likeliest person."""
        return 1 - self.probability if self.folder == STRANGERS else self.probability


@dataclass(frozen=True, slots=True)
class Scan:
    """One photo, or one video, as it was when it was looked at.

    ``content`` is the hash of its bytes, empty where they could not be read (such a photo is tried
    again in every run); ``problem`` says why a photo cannot be shown. ``scale`` is the width of
    the image the faces were found in, divided by the width of the photo.
    """

    photo: str
    size_bytes: int
    mtime_ns: int
    content: str = ""
    scale: float = 1.0
    faces: tuple[Face, ...] = ()
    problem: str = ""

    @property
    def was_read(self) -> bool:
        return bool(self.content) or not self.size_bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one photo goes; paths are relative to the destination, ``/`` between folders.

    ``crops`` and ``face_targets`` run parallel to ``scan.faces``: the file with that face's crop,
    and the one of ``targets`` in which a person finds that face. So does ``human``, where a person
    has spoken: the folder chosen for each face, "" where none was; and ``judged``, where the album
    is sorted by person. ``left`` are places it had before it was corrected, and has no more.
    """

    scan: Scan
    link: str
    targets: tuple[str, ...]
    crops: tuple[str, ...] = ()
    face_targets: tuple[str, ...] = ()
    human: tuple[str, ...] = ()
    judged: tuple[Prediction, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return self.targets + self.crops

    @property
    def said(self) -> tuple[str, ...]:
        """The folder that a person chose for each face; "" where none was."""
        return self.human or ("",) * len(self.scan.faces)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one run will do.

    Photos are opened with a longer side of at least ``decode_px``; ``levels`` folders, the
    destination and its parents, were made to save this plan in (undo wants to know). ``people``
    are those it sorts by, as it ``learned`` from their examples; none: by class.
    """

    src: str
    dst: str
    decode_px: int
    entries: tuple[Entry, ...]
    levels: int = 0
    people: tuple[str, ...] = ()
    learned: Learned | None = None

    @property
    def folders(self) -> Folders:
        return Folders(self.people)

    @property
    def paths(self) -> list[str]:
        return [path for entry in self.entries for path in entry.paths]


def folder_of(path: str) -> str:
    """``photos/masked/a.jpg`` is in ``photos/masked``."""
    return path.rpartition("/")[0]
