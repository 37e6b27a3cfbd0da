"""Scans what is new in an album and plans where it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from facesort.album.destination import Destination
from facesort.album.detected_faces import decode_px
from facesort.album.disk import possible_links
from facesort.album.link_modes import HARD
from facesort.album.person.known_people import KnownPeople
from facesort.album.plan import plan_entries
from facesort.album.policies import AlbumScans, Policy, choose_policy
from facesort.album.records import Folders, Plan, Scan
from facesort.album.salience import PhotoRules
from facesort.album.scanning import detection_cache
from facesort.album.scanning.scanner import ScanFunction, Scanner, ScanResult, scan_photos
from facesort.album.state import State
from facesort.album.summary import counted
from facesort.album.user_labels import UserLabels, read_labels
from facesort.photos import Found, Listing, Place
from facesort.reporter import Reporter

if TYPE_CHECKING:
    from facesort.models.detect import Detector


@dataclass(frozen=True)
class SortJob:
    """What to sort, where to, and how: plain data.

    ``load_detector`` is only called when there is something to scan; ``settings`` names what the
    detector was loaded with besides its weights: with other settings, photos are scanned again.
    ``sure`` defaults to what the model says of itself. Without ``people``, photos are sorted by
    class. ``load_voter`` gives a model that has a say in whose a face is. ``options`` are those of
    the command line that decide how a photo is filed, by name. ``cache`` is the folder that
    remembers what models saw. ``scan`` does the scanning: here, or on other machines.
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
        """Those that are known before the detector is loaded."""
        return Folders(self.people.names if self.people else ())


Remember = Callable[[ScanResult, str], None]  # what to do with each result, and who scanned


def prepare(job: SortJob, report: Reporter) -> Policy:
    """The job's policy, ready to scan; raises `ModelError` for a model that will not do, and
    `AlbumError` where no example of the people can be used."""
    policy = choose_policy(job, job.load_detector())
    policy.prepare(report)
    return policy


def plan_new_photos(
    job: SortJob, listing: Listing, state: State, report: Reporter, remember: Remember | None
) -> Plan:
    """Scan what ``state`` does not know and plan where it goes.

    Each result is handed to ``remember`` at once; without it, nothing is kept and no crop is cut.
    """
    news = [found for found in listing.files if not state.knows(found)]
    src, dst = job.src.absolute(), Destination(job.dst.absolute())
    if not news:
        return Plan(str(src), str(dst.root), decode_px=0, entries=())
    policy, detector = prepare(job, report), job.load_detector()
    said = read_labels(dst.corrections)
    labels = said.within(policy.folders(state, said))
    scans = _scan(job, policy, news, state, labels, report, remember)
    new = [scan for scan in scans if not state.has_content(scan)]
    filed = {photo: entry.scan for photo, entry in state.entries.items()}
    album = filed | {scan.photo: scan for scan in new}
    known = AlbumScans(album, {scan.photo for scan in new}, state, said)
    assigned = policy.assign(known, report)
    originals = {scan.photo: src / scan.photo for scan in new}
    entries = plan_entries(
        new,
        links=possible_links(originals, job.link, dst.probe_folder),
        sure=detector.sure if job.sure is None else job.sure,
        taken=[*state.paths(), *dst.names_in_use()],
        labels=labels,
        folders=assigned.folders,
        judged=assigned.predictions,
        rules=PhotoRules.of_options(job.options),
    )
    found = policy.say_found(state, assigned, entries)
    if found:
        report.say(found)
    return Plan(
        str(src),
        str(dst.root),
        decode_px(detector),
        entries,
        people=assigned.folders.people,
        learned=assigned.learned,
    )


def _scan(
    job: SortJob,
    policy: Policy,
    news: list[Found],
    state: State,
    labels: UserLabels,
    report: Reporter,
    remember: Remember | None,
) -> list[Scan]:
    detector, encoder, voter = job.load_detector(), policy.encoder, policy.voter
    detected_by = who = f"{detector.fingerprint} {job.settings}"
    if encoder is not None:
        who = f"{who} {encoder.embedder.fingerprint}"
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
        with_crops = remember is not None
        scanner = Scanner(detector, policy.class_names, labels, with_crops, encoder, voter, cache)
        for result in job.scan(unseen, scanner, job.workers):
            if remember is not None:
                remember(result, who)
            scans.append(result.scan)
            progress.step(failed=bool(result.scan.problem))
    if cache.hits:
        report.say(f"{counted(cache.hits, 'photo')} known to this model from an earlier run")
    return scans
