"""The simulated teacher: albums as asked for, honest counts, curves that mean what they say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facesort.album.records import STRANGERS, UNSURE, Prediction
from facesort.models.people import similarity_norm
from user_simulation import annotator, curves, on_disk, portraits, strategies, tables
from user_simulation.identity_bank import Bank
from user_simulation.real_album import RealAlbumMaker, RealBank, RealMix
from user_simulation.simulated_album import NOBODY, Album, AlbumMaker, Mix

PEOPLE, PORTRAITS, SHOTS = 8, 6, 2
MIX = Mix(people=3, examples=3, longest_burst=2)


def made_bank(noise: float = 0.1) -> Bank:
    """People with a direction each; the last ones have one portrait, and count as strangers."""
    rng = np.random.default_rng(0)
    own = rng.normal(size=(2 * PEOPLE, 64))
    rows = [
        (person * PORTRAITS + portrait, person, state, far)
        for person in range(2 * PEOPLE)
        for portrait in range(PORTRAITS if person < PEOPLE else 1)
        for far in (False, True)
        for state in range(2 if far else 4)
        for _ in range(SHOTS)
    ]
    portrait, person, state, far = (np.array(column) for column in zip(*rows, strict=True))
    vector = own[person] + noise * rng.normal(size=(len(rows), 64))
    return Bank(
        portrait=portrait,
        person=person,
        state=state,
        far=far.astype(np.bool_),
        found=np.ones(len(rows), np.bool_),
        seen=state.copy(),
        vector=(vector / np.linalg.norm(vector, axis=1, keepdims=True)).astype(np.float32),
        quality=np.tile([100.0, 200.0, 0.1], (len(rows), 1)),
        names=np.array([f"{'' if i < PEOPLE else '~'}{i}" for i in range(2 * PEOPLE)]),
        files=np.array([f"{i}.jpg" for i in range(2 * PEOPLE * PORTRAITS)]),
    )


@pytest.fixture(scope="module")
def maker() -> AlbumMaker:
    bank = made_bank()
    return AlbumMaker(bank, np.ones(len(bank.names), np.bool_), similarity_norm.DEFAULT.to_json())


def right_words(album: Album) -> list[Prediction]:
    return [
        Prediction(album.names[c], album.names[c], 0.99)
        if c != NOBODY
        else Prediction(STRANGERS, "", 0.0)
        for c in album.child
    ]


def test_an_album_is_as_asked_for(maker: AlbumMaker) -> None:
    album = maker.make(MIX, seed=1)
    assert len(album.names) == 3 and len(album.learned.examples) == 9
    assert len(album.places) == len(album.child) == len(album.main) == len(album.state)
    assert (album.main == (album.child != NOBODY)).all() and set(album.child) == {-1, 0, 1, 2}
    assert [e.class_name for e in album.learned.examples].count("masked") == 6  # 2 of 3, rounded
    again = maker.make(MIX, seed=1)
    assert again.scans == album.scans and again.learned == album.learned


def test_no_portrait_is_example_and_in_the_album_and_nobody_twice_in_a_photo(
    maker: AlbumMaker,
) -> None:
    for seed in range(5):
        plan = maker.plan(MIX, seed)
        shown = {int(maker.bank.portrait[row]) for rows in plan.examples for row in rows}
        for puts in plan.photos:
            people = [int(maker.bank.person[put.row]) for put in puts]
            assert len(set(people)) == len(people)
            assert not shown & {int(maker.bank.portrait[put.row]) for put in puts if put.main}


def test_too_few_people_are_refused(maker: AlbumMaker) -> None:
    with pytest.raises(ValueError, match="8 people have portraits enough; 9 wanted"):
        maker.make(replace(MIX, people=9), seed=0)


def test_faces_that_are_not_found_are_counted_not_there() -> None:
    bank = made_bank()
    bank.found[bank.state == 3] = False
    maker = AlbumMaker(bank, np.ones(len(bank.names), np.bool_), similarity_norm.DEFAULT.to_json())
    album = maker.make(replace(MIX, occasions=4), seed=0)
    assert album.missed > 0 and not (album.state == 3).any()


def test_a_right_album_needs_no_move(maker: AlbumMaker) -> None:
    album = maker.make(MIX, seed=0)
    words = right_words(album)
    work = annotator.correct(album, lambda _labels: words, learns_after=annotator.MOVES_A_ROUND)
    assert (work.moves, work.looks, work.pure, work.complete, work.done) == (0, 0, 1, 1, True)


def test_by_hand_every_main_face_is_moved_until_nine_in_ten_are(maker: AlbumMaker) -> None:
    album = maker.make(MIX, seed=0)
    work = annotator.correct(album, strategies.by_hand(album), learns_after=0)
    assert work.done and work.moves == int(np.ceil(0.9 * album.main.sum()))


def test_a_stranger_in_a_childs_folder_is_moved_out_and_one_in_unsure_is_let_be(
    maker: AlbumMaker,
) -> None:
    album = maker.make(MIX, seed=0)
    words = right_words(album)
    strangers = np.flatnonzero(album.child == NOBODY)
    assert len(strangers) >= 3
    words[strangers[0]] = Prediction(UNSURE, album.names[0], 0.4)
    for wrong in strangers[1:]:
        words[wrong] = Prediction(album.names[0], album.names[0], 0.7)
    work = annotator.correct(album, lambda _labels: words, learns_after=0)
    assert work.done and 0 < work.moves_to_pure == work.moves <= len(strangers) - 1


def test_what_was_learned_moves_others_but_never_hers_nor_a_name_to_nobody(
    maker: AlbumMaker,
) -> None:
    album = maker.make(MIX, seed=0)
    desk = annotator.Desk(album, right_words(album))
    mine = int(np.flatnonzero(album.main)[0])
    desk.folder[mine] = UNSURE
    label = desk.move(mine)
    assert label.folder == album.names[album.child[mine]]
    desk.follow([Prediction(UNSURE, "", 0.0)] * len(album.child))
    named = [i for i in range(len(album.child)) if album.main[i]]
    assert all(desk.folder[i] == album.names[album.child[i]] for i in named)
    desk.follow([Prediction(album.names[0], album.names[0], 0.9)] * len(album.child))
    assert desk.folder[mine] == album.names[album.child[mine]]
    assert all(f == album.names[0] for i, f in enumerate(desk.folder) if i != mine)


def test_learning_saves_moves_where_the_seeds_way_takes_strangers_in(maker: AlbumMaker) -> None:
    album = maker.make(MIX, seed=2)
    seeds = annotator.correct(album, strategies.seeds_way(album), learns_after=0)
    ours = annotator.correct(album, strategies.gallery(album), learns_after=annotator.MOVES_A_ROUND)
    assert seeds.done and ours.done and ours.moves < seeds.moves


def test_a_curve_by_hand() -> None:
    names = curves.Names(
        score=np.array([0.9, 0.8, 0.7, 0.6, -1.0]),
        right=np.array([True, True, False, True, True]),
        given=np.array([True, True, True, False, False]),
        main=np.array([True, True, False, True, True]),
        state=np.zeros(5, int),
    )
    assert (names.precision, names.coverage) == (pytest.approx(2 / 3), 0.5)
    coverage, precision = names.curve()
    assert coverage.tolist() == [0.25, 0.5, 0.5, 0.75]
    assert precision.tolist() == [1, 1, pytest.approx(2 / 3), 0.75]
    assert (names.coverage_at(0.98), names.coverage_at(0.7)) == (0.5, 0.75)
    assert names.only(names.main).coverage == names.coverage


def test_nothing_named_has_no_precision() -> None:
    names = curves.Names(*(np.array(p) for p in ([-1.0], [False], [False], [True], [0])))
    assert np.isnan(names.precision) and names.coverage == names.coverage_at(0.9) == 0


def test_names_of_counts_poor_faces_as_never_named(maker: AlbumMaker) -> None:
    album = maker.make(MIX, seed=0)
    words = right_words(album)
    words[0] = replace(words[0], folder=UNSURE, poor="small")
    names = curves.names_of(album, words)
    assert names.score[0] == curves.NEVER_NAMED and not names.given[0]
    assert names.precision == 1


def test_real_albums_are_of_what_was_found_and_count_what_was_not() -> None:
    people, each = 12, 8
    rng = np.random.default_rng(0)
    own = rng.normal(size=(people, 32))
    person = np.repeat(np.arange(people), each)
    vector = own[person] + 0.2 * rng.normal(size=(len(person), 32))
    thumb = rng.normal(size=(len(person), 256))
    masked = np.tile(np.arange(each) % 2, people)
    bank = RealBank(
        source=np.full(len(person), "mp"),
        person=person.astype(str),
        state=masked,
        found=np.arange(len(person)) % 7 != 3,
        seen=masked,
        vector=(vector / np.linalg.norm(vector, axis=1, keepdims=True)).astype(np.float32),
        quality=np.tile([100.0, 200.0, 0.1], (len(person), 1)),
        thumb=thumb / np.linalg.norm(thumb, axis=1, keepdims=True),
    )
    maker = RealAlbumMaker(bank, similarity_norm.DEFAULT.to_json())
    albums = list(maker.make(RealMix("mp", 2, 1), count=2))
    assert albums[0].scans != albums[1].scans
    for album in albums:
        own_photos = len(album.names) * (each - 3)
        assert album.main.sum() + album.missed == own_photos and album.missed
        assert (album.child[~album.main] == NOBODY).all() and (~album.main).any()
        assert len({scan.photo.split("/")[0] for scan in album.scans}) > 2  # visits
        work = annotator.correct(album, strategies.by_hand(album), 0)
        assert work.done and work.moves >= 0.9 * work.main - 1


def on_disk_truth() -> dict[str, on_disk.Truth]:
    boxes = np.array([[0.0, 0, 100, 100], [200, 0, 300, 100]])
    return {"a.jpg": on_disk.Truth(boxes, ("Ana", STRANGERS), (True, False))}


def test_faces_of_the_manifest_are_those_that_were_put_there(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "photo,x1,y1,x2,y2,crop\r\n"
        "a.jpg,5,5,100,100,faces/Ana/900_a_0.jpg\r\n"
        "a.jpg,205,5,300,100,faces/_unsure/400_a_1.jpg\r\n"
        "a.jpg,500,0,600,100,faces/Ana/700_a_2.jpg\r\n"  # a face of the scene
        "b.jpg,,,,,\r\n"
    )
    found = on_disk.crops(tmp_path, on_disk_truth())
    assert [(one.folder, one.should, one.main) for one in found] == [
        ("Ana", "Ana", True),
        (UNSURE, STRANGERS, False),
        ("Ana", STRANGERS, False),
    ]
    assert on_disk.figures(found) == (0.5, 1.0)


def portrait() -> portraits.Portrait:
    rgb = np.random.default_rng(0).integers(90, 160, (120, 120, 3), dtype=np.uint8)
    points = np.array([[45, 50], [75, 50], [60, 66], [48, 82], [72, 82]], dtype=np.float64)
    return portraits.Portrait(Path("x.jpg"), 0, rgb, np.array([30.0, 20, 90, 100]), points)


@pytest.mark.parametrize("kind", range(len(portraits.KINDS)))
def test_one_wears_the_same_all_day(kind: int) -> None:
    one = portraits.dress(portrait(), kind)
    assert (one == portraits.dress(portrait(), kind)).all()
    assert (one == portrait().rgb).all() == (kind == 0)


def test_a_face_is_where_the_photo_says() -> None:
    """A white square on black, put somewhere smaller: its middle is the middle of the box."""
    rgb = np.zeros((120, 120, 3), np.uint8)
    rgb[40:80, 40:80] = 255
    square = portraits.Portrait(
        Path("x.jpg"), 0, rgb, np.array([40.0, 40, 80, 80]), np.zeros((5, 2))
    )
    rng = np.random.default_rng(1)
    shots = [portraits.shoot(square, rgb, rng) for _ in range(3)]
    scene, corners = np.zeros((50, 60, 3), np.uint8), [(10, 20), (400, 30), (800, 500)]
    photo = portraits.image(scene, shots, [240, 120, 60], corners, rng)
    assert photo.rgb.shape == (portraits.CANVAS_WH[1], portraits.CANVAS_WH[0], 3)
    for (x, y), side, box in zip(corners, (240, 120, 60), photo.xyxy_px, strict=True):
        rows, columns = np.nonzero(photo.rgb[y : y + side, x : x + side, 0] > 128)
        middle = np.array([columns.mean() + x, rows.mean() + y])
        assert np.abs(middle - (box[:2] + box[2:]) / 2).max() < 3


def test_a_bank_survives_as_a_file(tmp_path: Path) -> None:
    bank = made_bank()
    bank.save(tmp_path / "new" / "bank.npz")
    again = Bank.load(tmp_path / "new" / "bank.npz")
    assert all((vars(again)[name] == value).all() for name, value in vars(bank).items())


def test_tables_are_markdown(maker: AlbumMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = list(tables.moves("small", [maker.make(MIX, 0)]))
    assert lines[1].startswith("| small: 1 albums, ") and len(lines) == 3 + len(tables.WAYS)
    assert {line.count("|") for line in lines[1:]} == {8}
