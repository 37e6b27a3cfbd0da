"""What a check can find: one entry a kind, with how bad it is and what ``--fix`` does about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facesort.console import one_line

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Check:
    """``why`` it matters, and what ``--fix`` does ("" where only a person can help)."""

    level: str
    title: str
    why: str
    fix: str = ""


# In the order of the report: what is broken, what misleads, what weakens.
CHECKS: dict[str, Check] = {
    "missing-folder": Check(ERROR, "Missing folder", "The YAML names what is not there."),
    "unreadable": Check(
        ERROR, "Unreadable image", "Training skips it or stops.", "leaves the image out"
    ),
    "unreadable-label": Check(
        ERROR, "Label file that is no text", "Its boxes are lost.", "leaves the image out"
    ),
    "malformed": Check(
        ERROR, "Malformed label line", "Training drops the whole image.", "drops the line"
    ),
    "class-range": Check(
        ERROR,
        "Class out of range",
        "The YAML has no name for it; training drops the whole image.",
        "drops the line",
    ),
    "zero-size": Check(
        ERROR, "Box without area", "There is nothing to learn from it.", "drops the line"
    ),
    "outside": Check(
        ERROR,
        "Box that leaves the image",
        "Often a label for another size or another image.",
        "cuts it at the edge; drops it if nothing is left",
    ),
    "exif": Check(
        ERROR,
        "Label made for the image as stored, not as shown",
        "EXIF turns the image, the boxes stay behind.",
        "leaves the image out",
    ),
    "two-classes": Check(
        ERROR,
        "One face, two classes",
        "Two boxes on one face contradict each other.",
        "leaves the image out",
    ),
    "mislabelled": Check(
        ERROR,
        "Mislabelled: the file name says otherwise",
        "Name flags contradict themselves or the label.",
        "leaves the image out",
    ),
    "synthetic": Check(
        ERROR,
        "Synthetic image outside train",
        "It would be judged on what was drawn.",
        "leaves the image out",
    ),
    "leak": Check(
        ERROR,
        "Same file in two splits",
        "Figures on it are learned by heart.",
        "keeps it in test, else in val",
    ),
    "near-leak": Check(
        WARNING,
        "Near-duplicates across splits",
        "Look at the pairs: the same photo, cut or re-saved, inflates every figure.",
    ),
    "burst-leak": Check(
        WARNING,
        "Same person, one burst, across splits",
        "Similar pictures with the same face: figures on them are too good.",
    ),
    "exif-unsure": Check(
        WARNING,
        "EXIF turns the image, and its boxes look turned",
        "Their shapes fit the stored image better. Look, or pass --model to be sure.",
    ),
    "flags": Check(
        WARNING,
        "Name flags 1_0_0: covered, but where?",
        "Neither the top nor the bottom of the face is said to be covered.",
    ),
    "twin": Check(WARNING, "Same file twice in one split", "It counts double."),
    "box-twice": Check(
        WARNING,
        "Box drawn twice",
        "One of the two can only be missed.",
        "drops the second",
    ),
    "shared-label": Check(
        WARNING,
        "Two images, one label file",
        "They differ in the suffix only; one has the other's boxes.",
    ),
    "missing-label": Check(
        WARNING, "No label file", "Read as: no face in it. An empty file would say so for sure."
    ),
    "empty-label": Check(WARNING, "Empty label file", "A background image, if that is meant."),
    "orphan": Check(WARNING, "Label without an image", "An image got lost.", "leaves it out"),
    "absent-class": Check(WARNING, "Class without a box", "It is neither learned nor measured."),
    "small": Check(WARNING, "Very small face", "What covers it cannot be seen."),
    "blurred": Check(WARNING, "Blurred face", "What covers it can hardly be seen."),
    "dark": Check(WARNING, "Dark face", "What covers it can hardly be seen."),
}


@dataclass(frozen=True)
class Issue:
    """One thing to look at. ``box`` counts the label's lines that are not blank, from 0; it is
    None where the whole image, label or split is meant."""

    level: str
    check: str
    split: str
    image: Path | None
    box: int | None
    message: str


def find(check: str, split: str, image: Path | None, message: str, box: int | None = None) -> Issue:
    """A finding at the level of its check; its message is one line whatever names it holds."""
    return Issue(CHECKS[check].level, check, split, image, box, one_line(message))
