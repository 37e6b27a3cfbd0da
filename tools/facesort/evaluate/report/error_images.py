"""The worst errors as images: the truth in green, what the model says in orange."""

from __future__ import annotations

from collections.abc import Sequence

from facesort.console import one_line
from facesort.dataset.check.thumbnails import LABEL_RGB, MODEL_RGB, Mark, snapshot_of
from facesort.evaluate.crop_metrics import CropMetrics
from facesort.evaluate.error_analysis import KINDS, ErrorCase
from facesort.evaluate.evaluation import OnSplit
from facesort.evaluate.predict import at_least
from facesort.evaluate.report.sections import Section

_LEGEND = "Green is the truth, orange what the model says."


def error_sections(on: OnSplit, images: int) -> list[Section]:
    """A section a kind of error with at most ``images`` images, the worst kind first."""
    sections = []
    for kind in KINDS:
        found = [error_case for error_case in on.errors_found if error_case.kind == kind]
        shots = [_shot(error_case, on) for error_case in found[: max(images, 0)]]
        if found:
            text = f"{len(found):,} at confidence {on.judged.conf:.3f}. {_shown(shots)}"
            sections.append(Section(f"Errors: {kind}", text, shots=shots))
    return sections


def _shot(error_case: ErrorCase, on: OnSplit) -> tuple[str, str, str]:
    truth = on.seen.truth[error_case.image]
    found = at_least(on.seen.found[error_case.image], on.judged.conf)
    names, marks, words = on.judged.names, [], ["none", "none"]
    if error_case.face is not None:
        marks.append(Mark(tuple(truth.xyxy_px[error_case.face].tolist()), LABEL_RGB))
        words[0] = names[truth.class_id[error_case.face]]
    if error_case.detection is not None:
        marks.append(Mark(tuple(found.xyxy_px[error_case.detection].tolist()), MODEL_RGB))
        sure = found.confidence[error_case.detection]
        words[1] = f"{names[found.class_id[error_case.detection]]} {sure:.2f}"
    uri = snapshot_of(truth.path, marks)
    return uri, " → ".join(words), one_line(truth.path.name)


def crop_errors(judged: CropMetrics, images: int) -> list[Section]:
    """The worst crops: covered called clean first, then other mix-ups, then no prediction."""
    errors = judged.errors
    shots = []
    for error in errors[: max(images, 0)]:
        named = "none" if error.named_id is None else judged.names[error.named_id]
        words = f"{judged.names[error.true_id]} → {named} {error.confidence:.2f}"
        uri = snapshot_of(error.path, [], whole=True)
        shots.append((uri, words, one_line(error.path.name)))
    text = f"{len(errors):,} of {len(judged.outcomes):,} crops. {_shown(shots)}"
    return [Section("Errors: crops", text, shots=shots)] if errors else []


def _shown(shots: Sequence[object]) -> str:
    return f"The worst {len(shots)}. {_LEGEND}" if shots else "No images were asked for."
