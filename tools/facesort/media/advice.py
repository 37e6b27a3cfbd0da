"""``advice.jsonl``: is each image fit for face recognition, and if not, what should be done?

A photo has one line. So has a video, for the frame to take: the first usable one, else the one with
the least against it. A camera or a stream has a line a frame, written at once: it can guide.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from facesort.boxes import area
from facesort.classes import CLASS_NAMES
from facesort.errors import ModelError
from facesort.media.frame_results import FrameResult, text_name
from facesort.media.outputs import Output
from facesort.media.sources import Source
from facesort.media.tracking import Votes
from facesort.models.detect import YoloDetector
from facesort.models.occlusion_scores import cover_scores
from facesort.photos import Photo
from facesort.selfie.check import Verdict, check_selfie
from facesort.selfie.limits import Limits

FILE_NAME = "advice.jsonl"
UNREADABLE = Verdict(("unreadable",))


def require_classes(class_names: Sequence[str]) -> None:
    """Raise `ModelError` unless the model tells what covers a face."""
    if tuple(class_names) != CLASS_NAMES:
        found = ", ".join(class_names)[:60]
        raise ModelError(f"--advise: the model finds {found}; expected {', '.join(CLASS_NAMES)}")


class Advice(Output):
    def __init__(self, folder: Path, detector: YoloDetector, limits: Limits, language: str) -> None:
        self._file: IO[str] = (folder / FILE_NAME).open("w", encoding="utf-8", newline="")
        # the check looks for one large face, which wants a small network
        size = detector.imgsz if detector.square else limits.network_px
        self._detector = replace(detector, imgsz=size)
        self._limits = limits
        self._language = language
        self._source: Source | None = None
        self._best: tuple[Verdict, FrameResult | None] = UNREADABLE, None
        self._verdicts: list[Verdict] = []

    def begin(self, source: Source, fps: float) -> None:
        self._source, self._best = source, (UNREADABLE, None)

    def take(self, look: FrameResult) -> None:
        if look.frame is None or look.source.is_live:
            self._write(self._judge(look), look.source, look)
            return
        best, where = self._best
        if not best.usable:
            verdict = self._judge(look)
            if where is None or _against(verdict) < _against(best):
                self._best = verdict, replace(look, rgb=look.rgb[:0])

    def failed(self, source: Source) -> None:
        self._write(UNREADABLE, source)

    def end(self, votes: Votes) -> None:
        if self._source is not None and not self._source.is_live:
            self._write(self._best[0], self._source, self._best[1])
        self._source = None

    def close(self) -> None:
        self._file.close()

    @property
    def summary(self) -> str:
        usable = sum(verdict.usable for verdict in self._verdicts)
        reasons = Counter(reason for verdict in self._verdicts for reason in verdict.reasons)
        why = ", ".join(f"{reason} {number:,}" for reason, number in reasons.most_common())
        unfit = len(self._verdicts) - usable
        return f"{FILE_NAME} ({usable:,} usable, {unfit:,} not{f': {why}' if why else ''})"

    def _judge(self, look: FrameResult) -> Verdict:
        found = self._detector.detect([look.rgb])[0]
        largest = found.xyxy_px[area(found.xyxy_px).argmax()] if len(found) else None
        px = self._limits.cover_px
        covers = None if largest is None else cover_scores(self._detector, look.rgb, largest, px)
        photo = Photo(look.rgb, look.size_wh, look.scale)
        return check_selfie(photo, found, self._limits, covers=covers)

    def _write(self, verdict: Verdict, source: Source, look: FrameResult | None = None) -> None:
        self._verdicts.append(verdict)
        line: dict[str, object] = {"photo": text_name(source)}
        if look is not None and look.frame is not None:
            line |= {"frame": look.frame, "time_s": round(look.time_s or 0.0, 3)}
        line |= verdict.as_json(self._language)
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if source.is_live:
            self._file.flush()


def _against(verdict: Verdict) -> tuple[bool, int]:
    """How much speaks against a frame; no face is worse than any face."""
    return "no_face" in verdict.reasons, len(verdict.reasons)
