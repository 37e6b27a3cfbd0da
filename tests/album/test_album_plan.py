"""Plans are pure and whole: no two targets collide on any disk, and every photo has one."""

from __future__ import annotations

import os
import random

from hypothesis import example, given
from hypothesis import strategies as st

from facesort.album.from_json import entry_from_json
from facesort.album.link_modes import COPY, HARD
from facesort.album.names import MAX_NAME_BYTES, NamePool, fit, folded
from facesort.album.plan import needed_bytes, plan_entries
from facesort.album.records import Entry, Face, Scan
from facesort.classes import CLASS_NAMES

BOX = (10.0, 10.0, 110.0, 110.0)
names = st.text(
    st.sampled_from("aAäÄßẞıİéé́😀_ (2)\n\udcff")
    | st.characters(exclude_characters="/\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=90,
).map(lambda stem: fit(stem, ".jpg"))
paths = st.tuples(st.sampled_from(["", "x/", "X/", "x/y/"]), names).map("".join)
faces = st.builds(Face, st.just(BOX), st.sampled_from(CLASS_NAMES), st.floats(0, 1))
scans = st.builds(
    lambda photo, faces, problem: Scan(
        photo, 1000, 1, "00", 0.5, () if problem else tuple(faces), problem
    ),
    paths,
    st.lists(faces, max_size=4),
    st.sampled_from(["", "", "is empty"]),
)
albums = st.lists(scans, max_size=12, unique_by=lambda scan: scan.photo)


def plan(scans: list[Scan], taken: tuple[str, ...] = (), link: str = HARD) -> tuple[Entry, ...]:
    return plan_entries(scans, {scan.photo: link for scan in scans}, sure=0.5, taken=taken)


@given(albums, st.integers())
@example([], 0)
def test_plan_is_complete_free_of_collisions_and_the_same_in_any_order(
    scans: list[Scan], seed: int
) -> None:
    taken = ("photos/face/a.jpg", "faces/_unsure/300_a_0.jpg")
    entries = plan(scans, taken)
    paths = [path for entry in entries for path in entry.paths]

    assert len({folded(path) for path in [*paths, *taken]}) == len(paths) + len(taken)
    assert all(len(os.fsencode(path.rpartition("/")[2])) <= MAX_NAME_BYTES for path in paths)
    assert sorted(entry.scan.photo for entry in entries) == sorted(s.photo for s in scans)
    for entry in entries:
        assert entry.targets
        assert len(entry.crops) == len(entry.face_targets) == len(entry.scan.faces)
        assert set(entry.face_targets) <= set(entry.targets)
    random.Random(seed).shuffle(scans)
    assert plan(scans, taken) == entries


@given(albums)
def test_entries_survive_json(scans: list[Scan]) -> None:
    import json
    from dataclasses import asdict

    for entry in plan(scans):
        assert entry_from_json(json.loads(json.dumps(asdict(entry)))) == entry


def folders(*faces: tuple[str, float]) -> list[str]:
    scan = Scan("a.jpg", 1, 1, "00", faces=tuple(Face(BOX, *face) for face in faces))
    return [target.split("/")[1] for target in plan([scan])[0].targets]


def test_a_photo_is_once_in_every_folder_that_applies() -> None:
    assert folders() == ["_no_face"]
    assert folders(("masked", 0.9), ("face", 0.8), ("face", 0.7)) == ["face", "masked"]
    assert folders(("masked", 0.9), ("face", 0.4)) == ["masked"]
    assert folders(("masked", 0.4), ("face", 0.3)) == ["_unsure"]


def test_crops_sort_by_confidence() -> None:
    faces = tuple(Face(BOX, "face", confidence) for confidence in (1.0, 0.873, 0.5))
    (entry,) = plan([Scan("x/IMG_1.jpg", 1, 1, "00", faces=faces)])
    assert entry.crops == (
        "faces/face/999_IMG_1_0.jpg",
        "faces/face/873_IMG_1_1.jpg",
        "faces/face/500_IMG_1_2.jpg",
    )


def test_long_names_are_cut_at_a_character_when_they_collide() -> None:
    pool, name = NamePool(), "ä" * 125 + ".jpg"
    assert len(os.fsencode(name)) == 254
    assert pool.take("f", name) == f"f/{name}"
    assert pool.take("f", name) == "f/" + "ä" * 123 + " (2).jpg"


def test_room_is_counted_for_copies_but_not_for_links() -> None:
    scan = Scan("a.jpg", 10_000_000, 1, "00")
    assert needed_bytes(plan([scan], link=HARD)) < 10_000
    assert needed_bytes(plan([scan], link=COPY)) > 10_000_000
