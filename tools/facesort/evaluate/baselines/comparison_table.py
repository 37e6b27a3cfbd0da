"""The comparison as Markdown, with the counts behind every share and the rule in words."""

from __future__ import annotations

from collections.abc import Mapping

from facesort.classes import CLASS_NAMES, FaceClass
from facesort.evaluate.baselines.comparison import CROP_MIDDLE, CROP_MIN_SIDE, MIN_IOU, Comparison

# Faces with mask and sunglasses found by a system for identity checks, on crops of its own.
THEIR_FACES = 729
THEIRS = {"MTCNN": 540, "dlib MMOD": 200, "dlib HOG": 104, "RetinaFace": 100}


def as_markdown(result: Comparison, not_here: Mapping[str, str]) -> str:
    """A row for each detector: found by class and in all, boxes on nothing, CPU time."""
    head = ["detector", *(f"`{name}`" for name in CLASS_NAMES), "all", "extra", "CPU ms"]
    rows = []
    for name, score in result.scores.items():
        counts = zip([*score.found, score.found.sum()], _totals(result), strict=True)
        shares = [_share(int(found), int(of)) for found, of in counts]
        failed = f" ({score.failed} failed)" if score.failed else ""
        rows.append([name + failed, *shares, str(score.extra), f"{score.median_ms:.1f}"])
    lines = [_table(head, rows), "", rule(result)]
    if result.faces[FaceClass.masked_sunglasses]:
        lines += ["", "Mask and sunglasses, beside the source system's figures (other images):"]
        lines += ["", _beside_theirs(result, not_here)]
    if not_here:
        lines += ["", "Not available here:", ""]
        lines += [f"- {name}: {lacks}" for name, lacks in not_here.items()]
    return "\n".join(lines)


def rule(result: Comparison) -> str:
    """What counts as found."""
    faces = int(result.faces.sum())
    if result.crops:
        low, high = (f"{x:.0%}" for x in CROP_MIDDLE)
        what = (
            f"{faces} crops, one face each, no boxes drawn. Found: a detection whose centre lies "
            f"between {low} and {high} of both sides and whose shorter side is at least "
            f"{CROP_MIN_SIDE:.0%} of the crop's."
        )
    else:
        what = (
            f"{result.images} images, {faces} faces of at least {result.min_side_px:g} px. "
            f"Found: IoU of at least {MIN_IOU:g}, each detection for one face."
        )
    border = f" A grey border of {result.pad:.0%} around each." if result.pad else ""
    return (
        f"{what}{border} Each detector at its own default confidence, whatever class it gives; "
        "extra: its boxes on no labelled face; CPU ms: median of an image, one thread."
    )


def _totals(result: Comparison) -> list[int]:
    return [*result.faces.tolist(), int(result.faces.sum())]


def _share(found: int, of: int) -> str:
    return f"{found} of {of} ({found / of:.0%})" if of else "-"


def _beside_theirs(result: Comparison, not_here: Mapping[str, str]) -> str:
    both = FaceClass.masked_sunglasses
    of = int(result.faces[both])
    rows = []
    for name in [*THEIRS, *(n for n in result.scores if n not in THEIRS)]:
        score = result.scores.get(name)
        here = _share(int(score.found[both]), of) if score else "not available"
        rows.append([name, _share(THEIRS[name], THEIR_FACES) if name in THEIRS else "-", here])
    return _table(["detector", "theirs", "here"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
