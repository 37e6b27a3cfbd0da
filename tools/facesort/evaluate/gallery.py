"""The worst errors as pictures: the truth in green, what the model says in orange."""

from __future__ import annotations

from collections.abc import Sequence

from facesort.console import one_line
from facesort.dataset.check.snapshots import LABEL_RGB, MODEL_RGB, Mark, snapshot_of
from facesort.evaluate.crops import JudgedCrops
from facesort.evaluate.hazards import KINDS, Hazard
from facesort.evaluate.predict import at_least
from facesort.evaluate.run import OnSplit
from facesort.evaluate.sections import Section

_LEGEND = "Green is the truth, orange what the model says."


def hazard_sections(on: OnSplit, pictures: int) -> list[Section]:
    """A section a kind of error with at most ``pictures`` pictures, the worst kind first."""
    sections = []
    for kind in KINDS:
        found = [hazard for hazard in on.hazards if hazard.kind == kind]
        shots = [_shot(hazard, on) for hazard in found[: max(pictures, 0)]]
        if found:
            text = f"{len(found):,} at confidence {on.judged.conf:.3f}. {_shown(shots)}"
            sections.append(Section(f"Errors: {kind}", text, shots=shots))
    return sections


def _shot(hazard: Hazard, on: OnSplit) -> tuple[str, str, str]:
    truth = on.seen.truth[hazard.picture]
    found = at_least(on.seen.found[hazard.picture], on.judged.conf)
    names, marks, words = on.judged.names, [], ["none", "none"]
    if hazard.face is not None:
        marks.append(Mark(tuple(truth.xyxy_px[hazard.face].tolist()), LABEL_RGB))
        words[0] = names[truth.class_id[hazard.face]]
    if hazard.detection is not None:
        marks.append(Mark(tuple(found.xyxy_px[hazard.detection].tolist()), MODEL_RGB))
        sure = found.confidence[hazard.detection]
        words[1] = f"{names[found.class_id[hazard.detection]]} {sure:.2f}"
    uri = snapshot_of(truth.path, marks)
    return uri, " → ".join(words), one_line(truth.path.name)


def crop_errors(judged: JudgedCrops, pictures: int) -> list[Section]:
    """The worst crops: covered called clean first, then other mix-ups, then no prediction."""
    errors = judged.errors
    shots = []
    for error in errors[: max(pictures, 0)]:
        named = "none" if error.named_id is None else judged.names[error.named_id]
        words = f"{judged.names[error.true_id]} → {named} {error.confidence:.2f}"
        uri = snapshot_of(error.path, [], whole=True)
        shots.append((uri, words, one_line(error.path.name)))
    text = f"{len(errors):,} of {len(judged.outcomes):,} crops. {_shown(shots)}"
    return [Section("Errors: crops", text, shots=shots)] if errors else []


def _shown(shots: Sequence[object]) -> str:
    return f"The worst {len(shots)}. {_LEGEND}" if shots else "No pictures were asked for."
