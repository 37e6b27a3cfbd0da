"""Who decides the folder of a face: four policies behind one interface.

`ByClass` sorts by what covers a face; `ByExamples` by the people of a folder of examples;
`ByClusters` finds the people itself; `ByModelClasses` trusts a model with a class for each person.
A policy is made once the detector is loaded (`choose_policy`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

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
from facesort.album.records import BY_CLASS, Entry, Folders, Learned, Prediction, Scan, folder_of
from facesort.album.state import State
from facesort.album.user_labels import UserLabels
from facesort.classes import CLASS_NAMES, FaceClass, is_class, parse_class
from facesort.errors import LabelError, ModelError
from facesort.reporter import Reporter

if TYPE_CHECKING:
    from facesort.album.person.face_encoder import FaceEncoder
    from facesort.album.sort_job import SortJob
    from facesort.models.detect import Detector

Predictions = dict[str, tuple[Prediction, ...]]  # photo: one for each of its faces


@dataclass(frozen=True)
class AlbumScans:
    """What is known when folders are assigned: every scan of the album by its photo, those that
    are ``new``, what was filed earlier and what the user said."""

    scans: Mapping[str, Scan]
    new: Collection[str]
    state: State
    said: UserLabels


@dataclass(frozen=True)
class Assignment:
    """The folders there are, what was learned of people, and a prediction for each face."""

    folders: Folders
    learned: Learned | None = None
    predictions: Predictions = field(default_factory=dict)


class Policy(Protocol):
    @property
    def class_names(self) -> tuple[str, ...]:
        """Our names for the detector's classes. Raises `ModelError` for a class we do not know."""

    @property
    def encoder(self) -> FaceEncoder | None:
        """What describes faces for this policy, if anything."""

    @property
    def voter(self) -> EnsembleModel | None:
        """A model whose classes are people, if any."""

    def prepare(self, report: Reporter) -> None:
        """Raise `ModelError` for a model that will not do, `AlbumError` for useless examples."""

    def folders(self, state: State, said: UserLabels) -> Folders:
        """The folders known before anything is scanned, those of the user's labels included."""

    def assign(self, album: AlbumScans, report: Reporter) -> Assignment:
        """A folder for every face, once all are scanned."""

    def say_found(self, before: State, assigned: Assignment, entries: Iterable[Entry]) -> str:
        """One line on people found; "" where none were looked for."""


def choose_policy(job: SortJob, detector: Detector) -> Policy:
    if job.people is None:
        return ByClass(job, detector)
    if job.people.folder is not None:
        return ByExamples(job, detector, job.people)
    if all(map(is_class, detector.names)):
        return ByClusters(job, detector, job.people)
    return ByModelClasses(job, detector, job.people)


@dataclass(frozen=True)
class ByClass:
    """A folder for each of the four classes."""

    job: SortJob
    detector: Detector

    @property
    def class_names(self) -> tuple[str, ...]:
        try:
            return tuple(parse_class(name).name for name in self.detector.names)
        except LabelError as error:
            raise ModelError(
                f"{self.job.options.get('weights', 'the model')}: does not tell what covers a "
                f"face: {error}; pass --weights FILE of a model with {', '.join(CLASS_NAMES)}"
            ) from error

    @property
    def encoder(self) -> FaceEncoder | None:
        return None

    @property
    def voter(self) -> EnsembleModel | None:
        return EnsembleModel(self.job.load_voter()) if self.job.load_voter else None

    @property
    def threshold(self) -> float:
        """Below it a class is unsure."""
        return self.detector.sure if self.job.sure is None else self.job.sure

    def prepare(self, report: Reporter) -> None:
        _ = self.class_names  # raises

    def folders(self, state: State, said: UserLabels) -> Folders:
        return BY_CLASS

    def assign(self, album: AlbumScans, report: Reporter) -> Assignment:
        return Assignment(BY_CLASS)

    def say_found(self, before: State, assigned: Assignment, entries: Iterable[Entry]) -> str:
        return ""


@dataclass(frozen=True)
class ByExamples(ByClass):
    """A folder for each person of a folder of examples; another model may have a say."""

    people: KnownPeople

    @property
    def encoder(self) -> FaceEncoder | None:
        return self.people.load_face_encoder()

    def prepare(self, report: Reporter) -> None:
        voting, others = self._votes(self._learned(report))
        if others and not voting:
            raise ModelError(
                f"--vote {self.job.options.get('vote', 'FILE')}: none of its classes is one of the "
                f"people: {', '.join(others[:SHOWN])}; name the folders of examples as them"
            )

    def folders(self, state: State, said: UserLabels) -> Folders:
        return self._checked(self.people.names, state, said)

    def assign(self, album: AlbumScans, report: Reporter) -> Assignment:
        learned = self._learned(report)
        voting, others = self._votes(learned)
        if voting:
            unknown = f"; no person is called {', '.join(others[:SHOWN])}" if others else ""
            report.say(f"{self.job.options.get('vote')} has a say in {', '.join(voting)}{unknown}")
        folders = self.folders(album.state, album.said)
        labels = album.said.within(folders)
        found = classify_scans(learned, folders.people, labels, album.scans.values())
        return Assignment(folders, learned, found)

    def _learned(self, report: Reporter) -> Learned:
        return self.people.learned(self.detector, self.class_names, self.job.workers, report)

    def _checked(self, people: tuple[str, ...], state: State, said: UserLabels) -> Folders:
        """Of all who have examples or were given a face by hand."""
        names = tuple(dict.fromkeys((*people, *said.people)))
        check_names(self.people.folder or self.job.dst, {*names, *state.people})
        return Folders(names)

    def _votes(self, learned: Learned) -> tuple[list[str], list[str]]:
        """The classes of the voter that are people, and those that are not."""
        return self.voter.match(names_of(learned)) if self.voter is not None else ([], [])


@dataclass(frozen=True)
class ByClusters(ByExamples):
    """A folder for each person who is in the album often enough: ``person_01``, ..."""

    def assign(self, album: AlbumScans, report: Reporter) -> Assignment:
        learned, state, said = self._learned(report), album.state, album.said
        earlier = state.learned.examples if state.learned else ()
        known: tuple[str, ...] = ()
        if state.learned and state.learned.by == learned.by:
            known = names_of(state.learned)
            learned = replace(learned, examples=earlier) if earlier else learned
        taken = (*said.people, *(state.people if earlier else ()))
        labels = said.within(Folders((*taken, numbered(1))))
        learned = with_people_found(learned, taken, labels, album.scans.values(), album.new)
        return self._without_empty(learned, {*known, *said.people}, album)

    def _without_empty(
        self, learned: Learned, kept: Collection[str], album: AlbumScans
    ) -> Assignment:
        """Who was found, less those in whose folder no face would be."""
        scans, said = album.scans.values(), album.said
        while True:
            names = tuple(dict.fromkeys((*names_of(learned), *said.people))) or self.people.names
            found = classify_scans(learned, names, said.within(Folders(names)), scans)
            used = {one.folder for predictions in found.values() for one in predictions}
            fewer = without_unused(learned, {*kept, *used})
            if fewer is learned:
                return Assignment(Folders(names), learned, found)
            learned = fewer

    def say_found(self, before: State, assigned: Assignment, entries: Iterable[Entry]) -> str:
        filed_as = {folder_of(crop).split("/")[1] for entry in entries for crop in entry.crops}
        known = names_of(before.learned) if before.learned else ()
        found = names_of(assigned.learned) if assigned.learned else ()
        return found_line(filed_as & {*found} - {*known}, self.job.dst)


@dataclass(frozen=True)
class ByModelClasses(ByExamples):
    """A folder for each class of the detector itself, which are people; each is a bare face."""

    @property
    def class_names(self) -> tuple[str, ...]:
        return (FaceClass.face.name,) * len(self.detector.names)

    @property
    def encoder(self) -> FaceEncoder | None:
        return None

    @property
    def voter(self) -> EnsembleModel | None:
        return super().voter or EnsembleModel(self.detector)

    def prepare(self, report: Reporter) -> None:
        check_names(Path(self.job.options.get("weights", "the model")), self.detector.names)

    def folders(self, state: State, said: UserLabels) -> Folders:
        return self._checked(tuple(self.detector.names), state, said)

    def assign(self, album: AlbumScans, report: Reporter) -> Assignment:
        report.say(
            f"by the model's {len(self.detector.names)} classes, from {self.threshold:g} on "
            "(--class-threshold)"
        )
        folders = self.folders(album.state, album.said)
        labels, twins = album.said.within(folders), self.people.allow_twins
        scans = album.scans.values()
        found = classify_by_votes(folders.people, labels, scans, self.threshold, twins)
        return Assignment(folders, None, found)
