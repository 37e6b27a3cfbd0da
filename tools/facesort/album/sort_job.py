"""Finds out what is new in an album, and looks at it: the way from a listing to a plan."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from facesort.album.destination import Destination
from facesort.album.detected_faces import decode_px
from facesort.album.link_modes import possible_links
from facesort.album.person.classify import classify_scans
from facesort.album.person.clustering import (
    found_line,
    names_of,
    numbered,
    with_people_found,
    without_unused,
)
from facesort.album.person.enrollment import check_names
from facesort.album.person.ensemble import EnsembleModel, classify_by_votes
from facesort.album.person.known_people import SHOWN, KnownPeople
from facesort.album.plan import plan_entries
from facesort.album.records import (
    BY_CLASS,
    HARD,
    Folders,
    Learned,
    Plan,
    Prediction,
    Scan,
    folder_of,
)
from facesort.album.salience import PhotoRules
from facesort.album.scanning import detection_cache
from facesort.album.scanning.scanner import (
    ScanFunction,
    Scanner,
    ScanResult,
    scan_photos,
)
from facesort.album.state import State
from facesort.album.summary import counted
from facesort.album.user_labels import UserLabels, read_labels
from facesort.classes import CLASS_NAMES, FaceClass, parse_class
from facesort.errors import LabelError, ModelError
from facesort.photos import Found, Listing, Place
from facesort.reporter import Reporter

if TYPE_CHECKING:
    from facesort.models.detect import Detector


@dataclass(frozen=True)
class SortJob:
    """What to sort, where to, and how.

    ``load_detector`` is only called when there is something to look at; ``settings`` names what
    the detector was loaded with besides its weights: with other settings, photos are looked at
    again. ``sure`` defaults to what the model says of itself. Without ``people``, photos are sorted
    by class. ``load_voter`` gives a model that has a say in whose a face is. ``options`` are those
    of the command line that decide how a photo is filed, by name. ``cache`` is the folder that
    remembers what models saw. ``scan`` does the looking: here, or on other machines.
    """

    src: Place
    dst: Path
    load_detector: Callable[[], Detector]
    settings: str = ""
    link: str = HARD
    sure: float | None = None
    workers: int = 1
    people: KnownPeople | None = None
    load_voter: Callable[[], Detector] | None = None
    options: dict[str, str] = field(default_factory=dict)
    cache: Path | None = None
    scan: ScanFunction = scan_photos

    @property
    def folders(self) -> Folders:
        return Folders(self.people.names if self.people else ())

    @property
    def gathers(self) -> bool:
        """Are people found, not given?"""
        return self.people is not None and self.people.folder is None

    def by_children(self, detector: Detector) -> bool:
        """Are the classes of the model itself the people?"""
        return self.gathers and not all(map(_is_class, detector.names))

    def voter(self, detector: Detector) -> EnsembleModel | None:
        if self.load_voter is not None:
            return EnsembleModel(self.load_voter())
        return EnsembleModel(detector) if self.by_children(detector) else None

    def checked_detector(self, report: Reporter) -> Detector:
        """The detector; raises `ModelError` unless it tells what covers a face, and `AlbumError`
        where no example of the people can be used."""
        detector = self.load_detector()
        names = self.class_names(detector)
        if self.by_children(detector):
            check_names(Path(self.options.get("weights", "the model")), detector.names)
        elif self.people is not None:
            learned = self.people.learned(detector, names, self.workers, report)
            voting, others = self._votes(learned)
            if others and not voting:
                raise ModelError(
                    f"--vote {self.options.get('vote', 'FILE')}: none of its classes is one of the "
                    f"people: {', '.join(others[:SHOWN])}; name the folders of examples as them"
                )
        return detector

    def _votes(self, learned: Learned) -> tuple[list[str], list[str]]:
        """The classes of the voter that are people, and those that are not."""
        if self.load_voter is None:
            return [], []
        return EnsembleModel(self.load_voter()).match(names_of(learned))

    def say_votes(self, detector: Detector, learned: Learned | None, report: Reporter) -> None:
        voting, others = self._votes(learned) if learned else ([], [])
        if voting:
            nobodys = f"; nobody is called {', '.join(others[:SHOWN])}" if others else ""
            report.say(f"{self.options.get('vote')} has a say in {', '.join(voting)}{nobodys}")
        if self.by_children(detector):
            sure = detector.sure if self.sure is None else self.sure
            classes = f"by the model's {len(detector.names)} classes"
            report.say(f"{classes}, from {sure:g} on (--class-threshold)")

    def class_names(self, detector: Detector) -> tuple[str, ...]:
        """The model's classes by our names; a child is a face, like any other."""
        if self.by_children(detector):
            return (FaceClass.face.name,) * len(detector.names)
        try:
            return tuple(parse_class(name).name for name in detector.names)
        except LabelError as error:
            raise ModelError(
                f"{self.options.get('weights', 'the model')}: does not tell what covers a face: "
                f"{error}; pass --weights FILE of a model with {', '.join(CLASS_NAMES)}"
            ) from None


def _is_class(name: str) -> bool:
    try:
        parse_class(name)
    except LabelError:
        return False
    return True


Remember = Callable[[ScanResult, str], None]  # what to do with each look, and who looked


def plan_new_photos(
    job: SortJob, listing: Listing, state: State, report: Reporter, remember: Remember | None
) -> Plan:
    """Look at what ``state`` does not know and plan where it goes.

    Each look is handed to ``remember`` at once; without it, nothing is kept and no crop is cut.
    """
    news = [found for found in listing.files if not state.knows(found)]
    src, dst = job.src.absolute(), Destination(job.dst.absolute())
    if not news:
        return Plan(str(src), str(dst.root), decode_px=0, entries=())
    detector = job.checked_detector(report)
    said = read_labels(dst.corrections)
    folders = _folders(job, state, said, detector)
    labels = said.within(folders)
    scans = _look(job, news, state, detector, labels, report, remember)
    new = [scan for scan in scans if not state.has_content(scan)]
    filed = {photo: entry.scan for photo, entry in state.entries.items()}
    album = filed | {scan.photo: scan for scan in new}
    learned = _learned(job, state, said, album, {scan.photo for scan in new}, report)
    job.say_votes(detector, learned, report)
    if learned is not None and job.gathers:
        learned, folders, judged = _filled(learned, job, state, said, album)
    else:
        judged = _judged(job, learned, folders, labels, album.values(), detector)
    originals = {scan.photo: src / scan.photo for scan in new}
    entries = plan_entries(
        new,
        # without the lock, nothing is tried out where another run may be at work
        links=possible_links(originals, job.link, dst.probe_folder if remember else dst.root),
        sure=detector.sure if job.sure is None else job.sure,
        taken=[*state.paths(), *dst.names_in_use()],
        labels=labels,
        folders=folders,
        judged=judged,
        rules=PhotoRules.of_options(job.options),
    )
    if learned is not None and job.gathers:
        filed_as = {folder_of(crop).split("/")[1] for entry in entries for crop in entry.crops}
        known = names_of(state.learned) if state.learned else ()
        report.say(found_line(filed_as & {*names_of(learned)} - {*known}, job.dst))
    return Plan(
        str(src),
        str(dst.root),
        decode_px(detector),
        entries,
        people=folders.people,
        learned=learned,
    )


def _folders(job: SortJob, state: State, said: UserLabels, detector: Detector) -> Folders:
    """By person, of all who have examples or were given a face by hand."""
    if job.people is None:
        return BY_CLASS
    given = detector.names if job.by_children(detector) else job.people.names
    people = tuple(dict.fromkeys((*given, *said.people)))
    check_names(job.people.folder or job.dst, {*people, *state.people})
    return Folders(people)


def _learned(
    job: SortJob,
    state: State,
    said: UserLabels,
    album: Mapping[str, Scan],
    new_photos: Container[str],
    report: Reporter,
) -> Learned | None:
    """What there is to know of the people of ``album``; nothing by class."""
    detector = job.load_detector()
    if job.people is None or job.by_children(detector):
        return None
    learned = job.people.learned(detector, job.class_names(detector), job.workers, report)
    if not job.gathers:
        return learned
    earlier = state.learned.examples if state.learned else ()
    if earlier and state.learned and state.learned.by == learned.by:
        learned = replace(learned, examples=earlier)
    taken = (*said.people, *(state.people if earlier else ()))
    labels = said.within(Folders((*taken, numbered(1))))
    found = with_people_found(learned, taken, labels, album.values(), new_photos)
    return found


def _filled(
    learned: Learned, job: SortJob, state: State, said: UserLabels, album: Mapping[str, Scan]
) -> tuple[Learned, Folders, dict[str, tuple[Prediction, ...]]]:
    """Who was found, less those in whose folder no face would be; with a word on each face."""
    known = names_of(state.learned) if state.learned and state.learned.by == learned.by else ()
    while True:
        names = tuple(dict.fromkeys((*names_of(learned), *said.people))) or job.folders.people
        judged = classify_scans(learned, names, said.within(Folders(names)), album.values())
        used = {one.folder for words in judged.values() for one in words}
        fewer = without_unused(learned, {*known, *said.people, *used})
        if fewer is learned:
            return learned, Folders(names), judged
        learned = fewer


def _judged(
    job: SortJob,
    learned: Learned | None,
    folders: Folders,
    labels: UserLabels,
    album: Iterable[Scan],
    detector: Detector,
) -> dict[str, tuple[Prediction, ...]]:
    """A word on each face of each photo of ``album``; none by class."""
    if learned is not None:
        return classify_scans(learned, folders.people, labels, album)
    if job.people is None:
        return {}
    sure = detector.sure if job.sure is None else job.sure
    return classify_by_votes(folders.people, labels, album, sure, job.people.allow_twins)


def _look(
    job: SortJob,
    news: list[Found],
    state: State,
    detector: Detector,
    labels: UserLabels,
    report: Reporter,
    remember: Remember | None,
) -> list[Scan]:
    with_crops = remember is not None
    names = job.class_names(detector)
    detected_by = who = f"{detector.fingerprint} {job.settings}"
    by_likeness = job.people is not None and not job.by_children(detector)
    encoder = job.people.load_face_encoder() if job.people and by_likeness else None
    if encoder is not None:
        who = f"{who} {encoder.embedder.fingerprint}"
    voter = job.voter(detector)
    if voter is not None:
        who = f"{who} {voter.detector.fingerprint}"
    seen = {found.relative: state.scan_of(found, who) for found in news}
    scans = [scan for scan in seen.values() if scan is not None]
    unseen = [
        (found, state.filed_scan(found.relative)) for found in news if seen[found.relative] is None
    ]
    with (
        detection_cache.opened(job.cache, detected_by, report) as cache,
        report.progress("looking", len(news), len(scans)) as progress,
    ):
        scanner = Scanner(detector, names, labels, with_crops, encoder, voter, cache)
        for result in job.scan(unseen, scanner, job.workers):
            if remember is not None:
                remember(result, who)
            scans.append(result.scan)
            progress.step(failed=bool(result.scan.problem))
    if cache.hits:
        report.say(f"{counted(cache.hits, 'photo')} known to this model from an earlier run")
    return scans
