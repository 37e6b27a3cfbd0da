"""The rooms import in one direction, and --help needs none of the heavy libraries."""

import ast
from functools import cache
from pathlib import Path

import pytest
from script_runs import HELP, UNKNOWN, answers

TOOLS = Path(__file__).resolve().parents[1] / "tools"
SCRIPTS = sorted(TOOLS.glob("*.py"))

GROUND: set[str] = set()
GROUND_ROOMS = {"photos", "selfie"}
MAY_IMPORT = {  # room: the rooms it may import, besides the ground
    "ground": GROUND,
    "labels": {"labels"},
    "dataset": {"labels", "dataset"},
    "models": {"models"},
    "album": {"models", "album"},
    "media": {"models", "media"},
    "cli": {"models", "cli"},
    "review": {"album", "review"},
    "curate": {"labels", "dataset", "models", "review", "curate"},
    "evaluate": {"labels", "dataset", "models", "album", "evaluate"},
}


APART = [  # sub-rooms: the first does not import the second
    ("album.person", "album.scanning"),
    ("album.person", "album.corrections"),
    ("album.scanning", "album.corrections"),
    ("labels.widerface", "labels.webdataset"),
    ("models.people", "models.training"),
    ("models.int8", "models.people"),
    ("dataset.synth", "dataset.crops"),
    ("dataset.synth", "dataset.check"),
    ("evaluate.benchmark", "evaluate.report"),
]


def room_of(module: str) -> str:
    parts = module.replace("__main__", "cli").split(".")
    return parts[1] if len(parts) > 1 and parts[1] in MAY_IMPORT else "ground"


@cache
def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] == "facesort"}


@pytest.mark.parametrize(
    "file", sorted((TOOLS / "facesort").rglob("*.py")), ids=lambda f: str(f.relative_to(TOOLS))
)
def test_imports_go_one_way(file: Path) -> None:
    module = ".".join(file.relative_to(TOOLS).with_suffix("").parts)
    allowed = MAY_IMPORT[room_of(module)] | {"ground"}
    wrong = {name for name in imported(file) if room_of(name) not in allowed}
    assert not wrong, f"{module} imports {wrong}; allowed: {sorted(allowed)}"


def test_every_room_is_known() -> None:
    rooms = {
        one.name for one in (TOOLS / "facesort").iterdir() if one.is_dir() and any(one.glob("*.py"))
    }
    assert rooms - {"__pycache__"} - MAY_IMPORT.keys() - GROUND_ROOMS == set()


@pytest.mark.parametrize(("room", "other"), APART)
def test_sub_rooms_that_are_apart(room: str, other: str) -> None:
    files = sorted((TOOLS / "facesort" / room.replace(".", "/")).rglob("*.py"))
    assert files
    wrong = {
        f"{file.name}: {name}"
        for file in files
        for name in imported(file)
        if f"{name}.".startswith(f"facesort.{other}.")
    }
    assert not wrong


def test_no_module_imports_itself_through_others() -> None:
    """Imports at module level; those inside functions may go back."""
    modules = {
        ".".join(file.relative_to(TOOLS).with_suffix("").parts).removesuffix(".__init__"): file
        for file in (TOOLS / "facesort").rglob("*.py")
    }
    needs: dict[str, set[str]] = {}
    for module, file in modules.items():
        body = ast.parse(file.read_text(encoding="utf-8")).body
        names = [
            (node.module, alias.name)
            for node in body
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        ]
        found = {f"{m}.{n}" if f"{m}.{n}" in modules else m for m, n in names}
        needs[module] = {name for name in found if name in modules} - {module}
    while True:
        free = {module for module, others in needs.items() if not others}
        if not free:
            break
        needs = {m: others - free for m, others in needs.items() if m not in free}
    assert not needs, f"a cycle among {sorted(needs)}"


@pytest.mark.parametrize(
    "file", sorted((TOOLS / "facesort/review").rglob("*.py")), ids=lambda file: file.name
)
def test_the_review_page_knows_of_an_album_what_the_corrections_api_gives(file: Path) -> None:
    inside = {name for name in imported(file) if room_of(name) == "album"}
    api = "facesort.album.corrections.api"
    assert all(name.startswith(api) or name == "facesort.album.corrections" for name in inside)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
def test_help_shows_examples_and_loads_nothing_heavy(script: Path) -> None:
    """The heavy modules are made impossible to import: a script that needs them would fail."""
    said = answers("scripts")[script.stem, HELP]
    assert said.code == 0, said.err
    assert f"python tools/{script.name}" in said.out
    assert str(TOOLS.parent) not in said.out, "a default shows this machine's path"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
def test_an_unknown_option_is_usage(script: Path) -> None:
    said = answers("scripts")[script.stem, UNKNOWN]
    assert said.code == 2
    assert "Traceback" not in said.err
