"""README and docs: links lead somewhere, commands exist as written, Korean keeps step."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from script_runs import HELP, answers

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("docs", "weights", "datasets", "data_configs", "examples")
PAGES = sorted([*ROOT.glob("*.md"), *(p for name in FOLDERS for p in (ROOT / name).rglob("*.md"))])
IDS = [page.relative_to(ROOT).as_posix() for page in PAGES]


def prose(page: Path) -> str:
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)


def code_blocks(page: Path, language: str = "bash") -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, flags=re.S | re.M)


def headings(page: Path) -> list[str]:
    """How deep each heading is, in order."""
    return re.findall(r"^(#+) ", prose(page), flags=re.M)


def anchors(page: Path) -> set[str]:
    """As GitHub and MkDocs make them from headings."""
    titles = re.findall(r"^#+ (.+)$", prose(page), flags=re.M)
    words = (re.sub(r"[^\w\- ]", "", title.lower()).strip() for title in titles)
    return {word.replace(" ", "-") for word in words}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target} is not there"
        assert ROOT in file.parents, f"{target} leaves the project"
        assert not anchor or anchor in anchors(file), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_files_named_in_text_exist(page: Path) -> None:
    pattern = r"(?<![\w/.])((?:tools|data_configs|weights|tests|docs|installers)/[\w/]+\.\w+)"
    named = set(re.findall(pattern, page.read_text(encoding="utf-8")))
    assert not [name for name in named if not (ROOT / name).exists() and "occlusion/" not in name]


def commands(page: Path) -> list[list[str]]:
    """The words of each command in the bash blocks of a page; comments and continued lines read as
    a shell does, ``&&`` taken apart."""
    found = []
    for block in code_blocks(page):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while "&&" in words:
                found.append(words[: words.index("&&")])
                words = words[words.index("&&") + 1 :]
            found.append(words)
    return [words for words in found if words]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_options_of_scripts_exist(page: Path) -> None:
    """A script's own options; words that go on to Ultralytics (``epochs=20``) are not checked."""
    for words in commands(page):
        script = next((w for w in words if w.startswith("tools/") and w.endswith(".py")), None)
        if script is None:
            continue
        options = [word.partition("=")[0] for word in words if re.match(r"--\w", word)]
        known = set(re.findall(r"--[\w-]+", answers("scripts")[Path(script).stem, HELP].out))
        assert not [o for o in options if o not in known], f"{shlex.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_of_facesort_exist(page: Path) -> None:
    from facesort.cli.main import OWN
    from facesort.commands import all_commands

    known = {*all_commands(), *OWN, "--help", "--version", "review"}
    typed = re.findall(r"`facesort ([\w-]+)", page.read_text(encoding="utf-8"))
    typed += [words[1] for words in commands(page) if words[0] == "facesort" and len(words) > 1]
    assert not set(typed) - known


@pytest.mark.parametrize(
    ("english", "korean"),
    [("README.md", "README.ko.md"), ("docs/tutorial.md", "docs/ko/tutorial.md")],
)
def test_korean_keeps_step(english: str, korean: str) -> None:
    """The same headings, commands and images, in the same order."""
    theirs, ours = ROOT / english, ROOT / korean
    assert headings(ours) == headings(theirs)
    assert code_blocks(ours) == code_blocks(theirs)
    images = r"!\[[^\]]*\]\((?:\.\./)*((?:docs/)?images/[^)]+)\)"
    assert re.findall(images, ours.read_text("utf-8")) == re.findall(
        images, theirs.read_text("utf-8")
    )
    text = prose(ours)
    hangul = len(re.findall(r"[가-힣]", text))
    assert hangul > 0.3 * len(re.findall(r"\w", text)), "not translated"


def test_the_readme_fits_one_screen() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120


def test_the_site_has_every_page() -> None:
    import yaml

    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    listed = {entry if isinstance(entry, str) else next(iter(entry.values())) for entry in nav}
    docs = ROOT / "docs"
    assert listed == {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    """Strictly: a warning, such as a broken link, is an error."""
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list(tmp_path.rglob("index.html"))
    assert len(pages) == len(list((ROOT / "docs").rglob("*.md")))
    text = (tmp_path / "tutorial" / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["']https?://[^"']*(?:fonts|cdn)""", text)
