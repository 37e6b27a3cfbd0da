"""Describes filed faces anew where another face encoder did: vectors of two cannot be compared.

The new vectors are kept photo by photo, so that a killed run goes on, and take the place of the old
ones at once at its end. Boxes, folders, predictions and corrections stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from facesort.album.detected_faces import decode_px
from facesort.album.journal import Journal
from facesort.album.person.face_encoder import FaceEncoder, with_identity
from facesort.album.policies import choose_policy
from facesort.album.records import Entry, Face, Learned, Scan
from facesort.album.scanning.video_scan import faces_of_video
from facesort.album.sort_job import SortJob
from facesort.album.state import State
from facesort.album.summary import counted
from facesort.errors import PhotoError
from facesort.parallel import ordered_map
from facesort.photos import content_hash, content_of, is_video, open_photo, read_photo_bytes
from facesort.reporter import Reporter


def described_by_others(job: SortJob, state: State) -> list[Entry]:
    """What is filed with faces that the job's encoder has not described."""
    if job.people is None or state.learned is None:
        return []
    by = job.people.load_face_encoder().embedder.fingerprint
    return [
        entry
        for entry in state.entries.values()
        if any(face.identity and face.identity.by != by for face in entry.scan.faces)
    ]


def reencode(job: SortJob, state: State, report: Reporter, journal: Journal | None) -> bool:
    """Describe these faces with the job's encoder, in ``state`` and in its ``journal`` (None: a dry
    run); was there any? A photo that cannot be opened stays as it was, and is counted."""
    entries = described_by_others(job, state)
    if not entries or job.people is None:
        return False
    encoder, detector = job.people.load_face_encoder(), job.load_detector()
    class_names = choose_policy(job, detector).class_names
    learned = job.people.learned(detector, class_names, job.workers, report)
    by = encoder.embedder.fingerprint
    who, px = f"faces only {by}", decode_px(detector)

    def look(entry: Entry) -> Scan | None:
        kept_by, kept = state.scans.get(entry.scan.photo, ("", None))
        if kept is not None and kept_by == who and kept.content == entry.scan.content:
            return kept
        try:
            return _described(job, entry.scan, encoder, px)
        except (PhotoError, OSError):
            return None

    anew: dict[str, Scan] = {}
    with report.progress("describing", len(entries)) as progress:
        for scan in ordered_map(look, entries, job.workers):
            if scan is not None:
                anew[scan.photo] = scan
                if journal is not None and state.scans.get(scan.photo) != (who, scan):
                    journal.scanned(who, scan)
            progress.step(failed=scan is None)
    if job.people.folder is None:
        learned = _with_examples_of(learned, state, anew)
    state.learned = learned if journal is None else state.learned
    if journal is not None:
        journal.learned(learned)
    for photo, scan in anew.items():
        entry = replace(state.entries[photo], scan=scan)
        if journal is None:
            state.entries[photo] = entry
        else:
            journal.filed(entry, {})
    report.say(
        f"{counted(len(anew), 'filed photo')} had faces described by another encoder: described "
        "anew; folders and corrections stay as they are"
    )
    if len(anew) < len(entries):
        report.say(
            f"{counted(len(entries) - len(anew), 'filed photo')} could not be opened to describe "
            "faces anew: they stay where they are, and teach nothing until the album has them again"
        )
    return True


def _with_examples_of(learned: Learned, state: State, anew: Mapping[str, Scan]) -> Learned:
    """``learned``, with the examples that were found in the album as they are described now."""
    known = state.learned.examples if state.learned else ()
    now = {
        old.identity.vector: new.identity.vector
        for photo, scan in anew.items()
        for old, new in zip(state.entries[photo].scan.faces, scan.faces, strict=True)
        if old.identity and new.identity
    }
    if state.learned and state.learned.by == learned.by:
        now |= {one.vector: one.vector for one in known}
    examples = [replace(one, vector=now[one.vector]) for one in known if one.vector in now]
    return replace(learned, examples=tuple(examples))


def _described(job: SortJob, scan: Scan, encoder: FaceEncoder, px: int) -> Scan:
    """Raises `PhotoError` where the photo is not there as it was."""
    bare = tuple(replace(face, identity=None) for face in scan.faces)
    place = job.src / scan.photo
    if isinstance(place, Path) and is_video(place):
        _check_same(content_of(place), scan)
        return replace(scan, faces=_in_order(faces_of_video(place, scan, bare, encoder), bare))
    data = read_photo_bytes(place, scan.size_bytes)
    _check_same(content_hash(data), scan)
    return replace(scan, faces=with_identity(bare, open_photo(data, px), encoder))


def _in_order(described: list[Face], faces: tuple[Face, ...]) -> tuple[Face, ...]:
    found = {(face.frame, face.xyxy_px): face.identity for face in described}
    return tuple(replace(f, identity=found.get((f.frame, f.xyxy_px))) for f in faces)


def _check_same(content: str, scan: Scan) -> None:
    if content != scan.content:
        raise PhotoError(f"{scan.photo}: has changed")
