"""Every key and gesture of the page, in a real browser, on an album that the sorter has sorted.

After each test all acts are taken back, and the folders must be what they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from review_server import Server

from facesort.album.corrections.changes import find_changes
from facesort.album.journal import read_state
from facesort.album.user_labels import read_labels
from facesort.review.server import STATIC

SETTLED = """async () => {
  await window.facesort.queue;
  await window.facesort.working;
}"""
NAME_OF_FOCUS = """() => {
  const e = document.activeElement;
  const name = e.getAttribute("aria-label") || e.textContent || e.labels?.[0]?.textContent || "";
  return [e.id || e.dataset.folder || e.className, name.trim()];
}"""
UNSURE_NAME = """(word) =>
  document.querySelector(".folder[data-folder=_unsure] .name").textContent === word"""
WAIT_MS = 120_000  # a busy machine is no failure


def views(root: Path) -> dict[str, bytes]:
    found = (path for view in ("faces", "photos") for path in (root / view).rglob("*"))
    return {str(path.relative_to(root)): path.read_bytes() for path in found if path.is_file()}


class Page:
    """The page, with words for what a test does."""

    def __init__(self, page: Any, server: Server) -> None:
        self.page, self.server = page, server
        self.keys = page.keyboard

    def open(self, folder: str) -> None:
        self.page.click(f'.folder[data-folder="{folder}"]')
        self.page.wait_for_selector(f'.folder[data-folder="{folder}"][aria-current="true"]')
        self.settle()

    def settle(self) -> None:
        """All acts are answered, and the page is drawn."""
        for _ in range(2):
            self.page.evaluate(SETTLED)
            self.page.wait_for_timeout(60)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.keys.press(key)
        self.settle()

    @property
    def ids(self) -> list[str]:
        return self.page.evaluate("() => window.facesort.wall.ids")  # type: ignore[no-any-return]

    @property
    def selected(self) -> set[str]:
        return set(self.page.evaluate("() => [...window.facesort.wall.selected]"))

    @property
    def focus(self) -> int:
        return self.page.evaluate("() => window.facesort.wall.focus")  # type: ignore[no-any-return]

    def tile(self, i: int) -> Any:
        return self.page.locator(f"#f{self.ids[i]}")

    def middle(self, locator: Any) -> tuple[float, float]:
        box = None
        while box is None:  # the list is drawn anew just now
            box = locator.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] + 12, start[1] + 4)
        mouse.move(*end, steps=6)
        mouse.up()
        self.settle()

    def folder(self, name: str) -> Any:
        return self.page.locator(f'.folder[data-folder="{name}"]')

    def count(self, name: str) -> int:
        return len(self.server.faces(name))


@pytest.fixture
def page(browser: Any, shared_server: Server, shared_album: Path) -> Iterator[Page]:
    before = views(shared_album)
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
    context.set_default_timeout(WAIT_MS)
    raw, errors = context.new_page(), []
    raw.on("pageerror", lambda error: errors.append(str(error)))
    raw.on(
        "requestfinished",
        lambda r: (
            errors.append(r.url)
            if "127.0.0.1" not in r.url and not r.url.startswith("blob:")
            else None
        ),
    )
    raw.goto(shared_server.address)
    raw.wait_for_selector(".tile img.there")
    yield Page(raw, shared_server)
    context.close()
    assert not errors
    while shared_server.get("/api/summary")["undo"]:  # type: ignore[index]
        assert shared_server.post("/api/undo").status_code == 200
    assert views(shared_album) == before
    in_step(shared_album)


def in_step(root: Path) -> None:
    """The folders are what the journal says, and no decision is half made."""
    state = read_state(root / ".facesort/journal.jsonl")
    changes = find_changes(root, state)
    assert not (changes.moved or changes.said or changes.missing or changes.unclear)
    assert not (state.making or state.is_learning or state.is_unlearning)


def test_arrows_move_and_the_least_certain_is_first(page: Page) -> None:
    page.open("Ana")
    assert page.ids == page.server.faces("Ana")
    page.press("ArrowRight", "ArrowRight")
    assert page.focus == 2
    page.press("ArrowLeft")
    assert page.focus == 1
    page.press("End")
    assert page.focus == len(page.ids) - 1
    page.press("Home")
    assert page.focus == 0
    label = page.tile(0).get_attribute("aria-label")
    assert label.startswith("Face 1 of ")
    assert "Ana" in label


def test_space_shift_and_all_select(page: Page) -> None:
    page.open("Ana")
    ids = page.ids
    page.press("Space", "ArrowRight", "ArrowRight", "Space")
    assert page.selected == {ids[0], ids[2]}
    page.press("Space")
    assert page.selected == {ids[0]}
    page.press("Escape")
    assert not page.selected
    page.press("Home", "Shift+ArrowRight", "Shift+ArrowRight")
    assert page.selected == set(ids[:3])
    page.press("Control+a")
    assert page.selected == set(ids)
    expect(page.page.locator("#heading")).to_contain_text("selected")


def test_a_digit_moves_the_selection_and_undo_brings_it_back(page: Page) -> None:
    page.open("Ana")
    ids, ben = page.ids, page.count("Ben")
    page.press("Space", "Shift+ArrowRight", "2")
    assert page.count("Ben") == ben + 2
    assert page.ids == ids[2:]
    expect(page.folder("Ben").locator(".count")).to_have_text(str(ben + 2))
    page.press("Control+z")
    assert page.count("Ben") == ben
    assert page.ids == ids
    assert page.selected == set(ids[:2]), "what came back is what the next act is about"
    page.press("Control+y")
    assert page.count("Ben") == ben + 2
    page.press("Control+Shift+z", "Control+z")
    assert page.count("Ben") == ben


def test_return_says_right_and_goes_on(page: Page) -> None:
    page.open("Ana")
    first = page.ids[0]
    page.press("Enter")
    assert page.focus == 1
    assert "confirmed" in page.page.locator(f"#f{first}").get_attribute("aria-label")
    assert page.server.faces("Ana")[-1] == first, "what is confirmed comes last"


@pytest.mark.parametrize(("key", "folder"), [("Delete", "_not_a_face"), ("u", "_unsure")])
def test_keys_for_no_face_and_unsure(page: Page, key: str, folder: str) -> None:
    page.open("Ana")
    face = page.ids[0]
    page.press(key)
    assert face in page.server.faces(folder)
    assert face not in page.ids


def test_backspace_is_not_this_person_and_it_stays_so(page: Page) -> None:
    page.open("Ana")
    face = page.ids[0]
    page.press("Backspace")
    assert face in page.server.faces("_unsure")
    page.page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    suggested = page.server.get("/api/suggestions")["suggestions"]  # type: ignore[index]
    assert not any(face in one["ids"] for one in suggested if one["folder"] == "Ana")


def test_a_typed_name_is_completed(page: Page) -> None:
    page.open("Ana")
    face = page.ids[0]
    page.keys.press("d")
    page.page.wait_for_selector("dialog.palette input")
    assert page.page.input_value("dialog.palette input") == "d"
    page.keys.type("ae")
    expect(page.page.locator(".palette li[aria-selected=true]")).to_contain_text("Dae-jung")
    page.press("Enter")
    assert face in page.server.faces("Dae-jung")
    page.keys.press("/")
    page.page.wait_for_selector("dialog.palette input")
    page.press("Escape")
    assert page.page.locator("dialog").count() == 0


def test_hangul_finds_a_korean_name(page: Page) -> None:
    page.open("Ana")
    face = page.ids[0]
    page.keys.press("/")
    page.page.fill("dialog.palette input", "하")
    page.press("Enter")
    assert face in page.server.faces("하은")


def test_n_splits_the_selection_into_a_new_person(page: Page, shared_album: Path) -> None:
    page.open("Ana")
    ids = page.ids
    page.press("Space", "Shift+ArrowRight")
    page.keys.press("n")
    page.page.wait_for_selector("dialog.palette input")
    page.keys.type("Zoë")
    page.press("Enter")
    assert set(page.server.faces("Zoë")) == set(ids[:2])
    assert (shared_album / "photos/Zoë").is_dir()
    assert page.folder("Zoë").is_visible()


def test_clicks_select_as_in_a_file_manager(page: Page) -> None:
    page.open("Ana")
    ids = page.ids
    page.tile(1).click()
    assert page.selected == {ids[1]}
    page.tile(3).click(modifiers=["Shift"])
    assert page.selected == set(ids[1:4])
    page.tile(2).click(modifiers=["Control"])
    assert page.selected == {ids[1], ids[3]}
    box = page.page.locator("#wall").bounding_box()
    page.page.mouse.click(box["x"] + box["width"] - 40, box["y"] + box["height"] - 30)
    assert not page.selected


def test_a_band_selects_what_it_touches(page: Page) -> None:
    page.open("Ana")
    ids, wall = page.ids, page.page.locator("#wall").bounding_box()
    x, y = page.middle(page.tile(2))
    page.drag((wall["x"] + 4, wall["y"] + wall["height"] - 20), (x, y))
    assert set(ids[:3]) <= page.selected


def test_dragged_faces_go_to_the_folder(page: Page) -> None:
    page.open("Ana")
    ids = page.ids
    page.press("Space", "Shift+ArrowRight")
    page.drag(page.middle(page.tile(0)), page.middle(page.folder("Eva")))
    assert set(ids[:2]) <= set(page.server.faces("Eva"))
    page.drag(page.middle(page.tile(0)), page.middle(page.folder("_strangers")))
    assert ids[2] in page.server.faces("_strangers")


def test_a_drag_that_ends_nowhere_does_nothing(page: Page) -> None:
    page.open("Ana")
    before = page.ids
    page.drag(page.middle(page.tile(0)), (700, 690))
    assert page.ids == before
    assert page.server.get("/api/history") == []


def test_a_person_dropped_on_another_merges_after_a_question(page: Page) -> None:
    ben, eva = page.count("Ben"), page.count("Eva")
    page.open("Ana")
    page.drag(page.middle(page.folder("Ben")), page.middle(page.folder("Eva")))
    text = page.page.inner_text("dialog")
    assert f"{ben} face" in text
    page.press("Escape")
    assert page.count("Ben") == ben
    page.drag(page.middle(page.folder("Ben")), page.middle(page.folder("Eva")))
    page.press("Enter")
    page.page.wait_for_selector('.folder[data-folder="Eva"][aria-current="true"]')
    assert (page.count("Ben"), page.count("Eva")) == (0, ben + eva)


def test_a_person_held_at_the_edge_of_the_list_scrolls_to_another(page: Page) -> None:
    page.page.set_viewport_size({"width": 1280, "height": 400})
    page.open("Ana")
    box, mouse = page.page.locator("#folders").bounding_box(), page.page.mouse
    name = page.page.locator(".folder[data-person]").last.get_attribute("data-folder")
    last = page.folder(name)
    expect(last).not_to_be_in_viewport()
    mouse.move(*page.middle(page.folder("Ana")))
    mouse.down()
    mouse.move(box["x"] + 90, box["y"] + box["height"] - 12, steps=4)
    expect(page.folder("_no_face")).to_be_in_viewport(ratio=1)  # held still, it scrolls on
    mouse.move(*page.middle(last), steps=4)
    expect(last).to_have_class(re.compile("over"))
    mouse.up()
    expect(page.page.locator("dialog h2")).to_have_text(f"Make Ana and {name} one person?")
    page.press("Escape")


def test_a_name_that_is_taken_is_asked_about(page: Page) -> None:
    """The Return that ends the name must not answer the question."""
    page.open("Ana")
    page.page.dblclick('.folder[data-folder="Ben"]')  # opens it as well
    page.settle()
    page.page.locator(".folder input").fill("Eva")
    page.press("Enter")
    expect(page.page.locator("dialog h2")).to_have_text("Make Ben and Eva one person?")
    page.press("Escape")
    page.press("Enter", "Control+z")  # Return is the wall's again
    assert page.server.get("/api/history") == []


def test_a_person_is_renamed_in_place(page: Page, shared_album: Path) -> None:
    count = page.count("Finn")
    page.open("Finn")
    page.press("F2")
    field = page.page.locator(".folder input")
    assert field.input_value() == "Finn"
    field.fill("Finn Hå")
    page.press("Enter")
    page.page.wait_for_selector('.folder[data-folder="Finn Hå"][aria-current="true"]')
    assert page.count("Finn Hå") == count
    expect(page.folder("Finn")).to_have_count(0)
    assert (shared_album / "photos/Finn Hå").is_dir()


def test_brackets_go_from_folder_to_folder(page: Page) -> None:
    page.open("Ana")
    page.press("]")
    page.page.wait_for_selector('.folder[data-folder="Ben"][aria-current="true"]')
    page.press("[")
    page.page.wait_for_selector('.folder[data-folder="Ana"][aria-current="true"]')


def test_plus_and_minus_change_the_size(page: Page) -> None:
    size = page.tile(0).bounding_box()["width"]
    page.press("+", "+", "+")
    assert page.tile(0).bounding_box()["width"] > size
    page.press("-", "-", "-", "-", "-")
    assert page.tile(0).bounding_box()["width"] < size


def test_suggestions_are_accepted_but_for_the_crossed_out(page: Page) -> None:
    page.open("Ana")
    faces = page.ids[:3]
    page.press("Home", "Space", "Shift+ArrowRight", "Shift+ArrowRight", "u")
    page.page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    page.press(".")
    page.page.wait_for_function(
        "() => window.facesort.suggestions.every.some((one) => one.folder === 'Ana')"
    )
    for _ in range(9):
        shown = page.page.evaluate("() => window.facesort.suggestions.shown.groups")
        if [one["folder"] for one in shown] == ["Ana"]:  # else of several people
            break
        page.page.click("#heading button >> nth=0")  # later
        page.settle()
    ids = page.ids
    assert set(faces) & set(ids)
    page.press("Space")
    assert "crossed" in page.tile(0).get_attribute("class")
    page.press("Enter")
    page.page.wait_for_function("() => window.facesort.summary.undo >= 2")
    page.settle()
    assert ids[0] in page.server.faces("_unsure")
    assert set(ids[1:]) <= set(page.server.faces("Ana"))
    page.page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    suggested = page.server.get("/api/suggestions")["suggestions"]  # type: ignore[index]
    assert not any(ids[0] in one["ids"] for one in suggested if one["folder"] == "Ana")


def test_what_is_sure_of_several_people_is_one_act(page: Page) -> None:
    for name in ("Ana", "Ben"):
        page.open(name)
        page.press("Home", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "u")
    page.page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    page.press(".")
    page.page.wait_for_function("() => window.facesort.suggestions.shown?.groups?.length >= 2")
    shown = page.page.evaluate("() => window.facesort.suggestions.shown.groups")
    assert "Ana" in page.tile(0).text_content() or "Ben" in page.tile(0).text_content()
    last, crossed = shown[-1], page.ids[1]  # the first tile is the person's own picture
    heads = [i for i, one in enumerate(page.ids) if one.startswith("head-")]
    assert heads[0] == 0 and len(heads) == len(shown)
    head = heads[-1]
    page.tile(head).click()  # none of theirs
    page.press("Home", "ArrowRight", "Space", "Enter")
    page.page.wait_for_function("() => window.facesort.summary.undo >= 3")
    assert page.server.get("/api/summary")["undo"] == 3  # type: ignore[index]
    out = {crossed, *last["ids"]}
    assert out <= set(page.server.faces("_unsure"))
    for group in shown[:-1]:
        assert set(group["ids"]) - out <= set(page.server.faces(group["folder"]))
    page.press("Control+z")
    page.page.wait_for_function("() => window.facesort.summary.undo === 2")
    assert set(shown[0]["ids"]) <= set(page.server.faces("_unsure"))
    page.press("Control+y")
    page.page.wait_for_function("() => window.facesort.summary.undo === 3")
    assert crossed in page.server.faces("_unsure")
    page.page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    again = page.server.get("/api/suggestions")["suggestions"]  # type: ignore[index]
    assert not any(crossed in one["ids"] for one in again if one["folder"] == shown[0]["folder"])


def test_a_face_that_surely_is_another_is_asked_about(page: Page) -> None:
    page.open("Ana")
    page.page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    page.press("End", "2")
    expect(page.page.locator("#toast")).to_contain_text("clearly looks like Ana. Really Ben?")
    page.page.click("#toast button")
    page.page.wait_for_function("() => window.facesort.summary.undo === 0")


def test_a_suggested_face_of_somebody_else_goes_to_them_and_leaves_the_wall(page: Page) -> None:
    page.open("Ana")
    page.press("Home", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "u")
    page.page.wait_for_function("() => window.facesort.scored === window.facesort.version")
    page.press(".")
    page.page.wait_for_function("() => window.facesort.suggestions.shown")
    page.press("Control+a")
    face = page.page.evaluate("() => window.facesort.wall.chosen[0]")
    assert page.page.evaluate("(id) => window.facesort.wall.crossed.has(id)", face)
    page.press("2")
    page.page.wait_for_function("(id) => !window.facesort.wall.place.has(id)", arg=face)
    assert face in page.server.faces(page.page.evaluate("() => window.facesort.folders.byKey[1]"))
    page.press("Enter")
    page.page.wait_for_function("() => window.facesort.wall.crossed.size === 0")
    assert face in page.server.faces(page.page.evaluate("() => window.facesort.folders.byKey[1]"))


def test_the_whole_photo_and_its_burst(page: Page) -> None:
    page.open("Ana")
    page.press("Shift+Enter")
    page.page.wait_for_selector("#photo .box.focus")
    name = page.page.inner_text("#photo .name")
    page.keys.press("ArrowRight")
    page.page.wait_for_function(
        f"() => document.querySelector('#photo .name').textContent !== {name!r}"
    )
    page.keys.press("ArrowLeft")
    page.page.wait_for_function(
        f"() => document.querySelector('#photo .name').textContent === {name!r}"
    )
    page.press("Escape")
    assert page.page.locator("#photo").is_hidden()
    page.tile(0).dblclick()
    page.page.wait_for_selector("#photo .box.focus")
    face = page.page.get_attribute("#photo .box.focus", "data-face")
    page.press("3")
    page.press("Escape")
    assert face in page.server.faces("Chloé")


def test_a_missed_face_is_drawn_with_the_mouse(page: Page, shared_album: Path) -> None:
    page.open("Ana")
    page.press("Shift+Enter")
    page.page.wait_for_selector("#photo .box.focus")
    boxes = page.page.locator("#photo .box").count()
    page.press("b")
    area = page.page.locator("#photo .fit").bounding_box()
    page.drag((area["x"] + 20, area["y"] + 20), (area["x"] + 90, area["y"] + 100))
    page.page.wait_for_selector("dialog.palette input")
    page.keys.type("eva")
    page.press("Enter")
    page.page.wait_for_function(
        f"() => document.querySelectorAll('#photo .box').length === {boxes + 1}"
    )
    labels = read_labels(shared_album / "corrections.jsonl")
    assert [label.folder for label in labels.every] == ["Eva"]
    assert len(list((shared_album / "faces/Eva").glob("999_*"))) >= 1


def test_a_missed_face_is_drawn_with_keys_alone(page: Page) -> None:
    page.open("Ana")
    page.press("Shift+Enter")
    page.page.wait_for_selector("#photo .box.focus")
    before = page.page.get_attribute("#photo .box.focus", "data-face")
    page.press("b", "ArrowRight", "Shift+ArrowDown", "Enter")
    page.page.wait_for_function("() => window.facesort.summary.undo === 1")
    page.settle()
    after = page.page.get_attribute("#photo .box.focus", "data-face")
    assert after != before, "a moved box is another face to the page"
    assert page.server.get("/api/history")[0]["kind"] == "box"  # type: ignore[index]


def test_who_is_in_a_photo_without_a_face(page: Page, shared_album: Path) -> None:
    name = "Ana"
    page.open("_unsure")
    page.press("Shift+Enter")
    page.page.wait_for_selector("#photo .box")
    photo = page.page.evaluate("() => window.facesort.photo.photo.name").split("/")[-1]
    page.press("+")
    page.keys.type(name)
    page.press("Enter")
    page.page.wait_for_selector("#photo .chips button")
    assert photo in {path.name for path in (shared_album / "photos" / name).iterdir()}
    page.press("Escape")
    page.open(name)
    page.page.click("#heading button")
    page.settle()
    assert len(page.ids) == 1
    page.press("Backspace")  # it was another
    assert page.ids == []
    assert photo not in {path.name for path in (shared_album / "photos" / name).iterdir()}
    assert page.server.get("/api/summary")["undo"] == 2  # type: ignore[index]


def test_return_and_backspace_in_the_whole_photo_are_about_its_face(page: Page) -> None:
    page.open("Ana")
    face = page.ids[0]
    page.press("Shift+Enter")
    page.page.wait_for_selector("#photo .box.focus")
    page.press("Enter")
    assert page.page.locator(f'#photo .box.confirmed[data-face="{face}"]').count() == 1
    page.press("Backspace")
    assert face in page.server.faces("_unsure")


def test_history_goes_back_to_any_point(page: Page) -> None:
    page.open("Ana")
    before = page.ids
    page.press("u", "u", "Delete")
    page.page.click("#history")
    page.page.wait_for_selector(".acts li >> nth=2")
    assert page.page.locator(".acts li").count() == 3
    page.page.locator(".acts li button").nth(2).click()
    page.page.wait_for_function("() => window.facesort.summary.undo === 0")
    page.settle()
    assert page.ids == before


@pytest.mark.parametrize(
    ("language", "word"), [("de", "Unsicher"), ("ko", "불확실"), ("en", "Unsure")]
)
def test_three_languages(page: Page, language: str, word: str) -> None:
    page.page.click("#more")
    page.page.select_option("dialog select >> nth=0", language)
    page.page.wait_for_function(UNSURE_NAME, arg=word)
    assert page.page.evaluate("() => document.documentElement.lang") == language


def test_every_word_is_there_in_every_language(page: Page) -> None:
    """No key is missing, none too many, and each has the same places to fill in."""
    words = page.page.evaluate(
        """async () => {
          const { LANGUAGES } = await import("/static/js/i18n.js");
          const read = (one) => import(`/static/lang/${one}.js`).then((it) => [one, it.default]);
          return Object.fromEntries(await Promise.all(Object.keys(LANGUAGES).map(read)));
        }"""
    )
    assert set(words) == {"en", "de", "ko"}
    for language, mine in words.items():
        assert mine.keys() == words["en"].keys(), language
        for key, text in mine.items():
            places = set(re.findall(r"\{(\w+)\}", text))
            assert places == set(re.findall(r"\{(\w+)\}", words["en"][key])), (language, key)
    scripts = "".join(path.read_text() for path in STATIC.rglob("*.js") if "lang" not in path.parts)
    used = set(
        re.findall(r"""\bt\(\s*["'](\w+)["']""", scripts + (STATIC / "index.html").read_text())
    )
    assert used <= words["en"].keys()


def test_dark_mode(page: Page) -> None:
    colour = "() => getComputedStyle(document.body).backgroundColor"
    light = page.page.evaluate(colour)
    page.page.emulate_media(color_scheme="dark")
    page.page.wait_for_function(
        f"() => getComputedStyle(document.body).backgroundColor !== {light!r}"
    )


def test_the_keyboard_alone_reaches_everything(page: Page) -> None:
    """Tab goes through the bar, the folders and the wall; each has a name."""
    page.page.evaluate("() => document.activeElement.blur()")
    seen = []
    for _ in range(60):
        page.keys.press("Tab")
        seen.append(page.page.evaluate(NAME_OF_FOCUS))
    reached = {one for one, _ in seen}
    assert {"wall", "history", "size", "more", "help", "Ana", "_unsure"} <= reached
    assert all(name for one, name in seen if one), [one for one in seen if not one[1]]
    page.folder("Eva").focus()
    page.press("Enter")
    page.page.wait_for_selector('.folder[data-folder="Eva"][aria-current="true"]')


def test_help_lists_the_keys(page: Page) -> None:
    page.press("?")
    expect(page.page.locator("dialog")).to_contain_text("not a face")
    page.press("Escape")


def test_a_second_tab_sees_it_at_once(page: Page, browser: Any) -> None:
    page.open("Ana")
    face = page.ids[0]
    context = browser.new_context()
    other = context.new_page()
    other.goto(page.server.address)
    other.wait_for_selector(".tile img.there")
    other.click('.folder[data-folder="Ana"]')
    page.press("u")
    other.wait_for_function(f"() => !window.facesort.wall.ids.includes({face!r})", timeout=WAIT_MS)
    context.close()


def test_a_tablet_taps_to_select(browser: Any, shared_server: Server) -> None:
    size = {"width": 820, "height": 1180}
    context = browser.new_context(viewport=size, has_touch=True, is_mobile=True, locale="en-US")
    tablet = context.new_page()
    tablet.goto(shared_server.address)
    tablet.wait_for_selector(".tile img.there")
    tablet.tap(".tile >> nth=0")
    tablet.tap(".tile >> nth=1")
    assert tablet.evaluate("() => window.facesort.wall.selected.size") == 2
    touch = context.new_cdp_session(tablet)

    def finger(kind: str, *at: float) -> None:
        points = [dict(zip("xy", at, strict=True))] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", 300, 200)
    expect(tablet.locator(".carried")).to_have_text("2 faces")  # a finger that rests
    for x in (280, 240, 200, 120):
        finger("touchMove", x, 200)
    finger("touchMove", 120, 850)
    finger("touchEnd")
    expect(tablet.locator(".carried")).to_have_count(0)
    wide = tablet.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "nothing sticks out"
    said = tablet.evaluate("async () => (await import('/static/js/i18n.js')).t('togetherHint')")
    assert said.startswith("Tap") and "Return" not in said
    context.close()


def test_without_the_key_the_page_says_where_it_is(browser: Any, shared_server: Server) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(shared_server.url)
    page.wait_for_selector("#locked")
    expect(page.locator("#locked")).to_contain_text("address")
    context.close()
