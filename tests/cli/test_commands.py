"""The facesort command: every script is a verb, with the same options and its own words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from script_runs import HELP, answers

from facesort import commands
from facesort.cli import main as cli
from facesort.commands import all_commands, as_typed

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def facesort(*args: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "facesort", *args],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(TOOLS)} | env,
        capture_output=True,
        text=True,
        timeout=120,
    )


def options_of(help_text: str) -> list[str]:
    return re.findall(r"^  (-\S+)", help_text, re.M)


def test_every_script_is_a_command() -> None:
    scripts = {command.script for command in all_commands().values()}
    assert scripts == {file.stem for file in TOOLS.glob("*.py")}


def test_every_command_has_a_summary_of_its_own_line() -> None:
    for command in all_commands().values():
        assert 20 < len(command.summary()) < 110 and "\n" not in command.summary()


def test_help_lists_every_command_once() -> None:
    done = facesort("--help")
    assert done.returncode == 0
    verbs = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert sorted(v for v in verbs if v != "facesort") == sorted([*all_commands(), *cli.OWN])


@pytest.mark.parametrize("verb", sorted(all_commands()))
def test_the_options_are_those_of_the_script(verb: str) -> None:
    """Word for word, but for the name of the command."""
    command = all_commands()[verb]
    theirs = answers("scripts")[command.script, HELP].out
    ours = answers("verbs")[verb, HELP]
    assert ours.code == 0, ours.err
    assert options_of(ours.out) == options_of(theirs) != []
    assert not re.findall(r"\w+\.py\b", ours.out)
    assert f"facesort {'sort' if command.arguments else verb}" in ours.out


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("srot",), 2, "error: srot: no such command; did you mean sort?"),
        (("sort", "--scr", "x"), 2, "error: --scr: no such option; did you mean --src?"),
        (("sort", "--src", "not/here"), 2, "not/here"),
        (("correct", "not/here"), 1, "not/here"),
    ],
)
def test_problems_take_one_line(
    args: tuple[str, ...], code: int, message: str, tmp_path: Path
) -> None:
    done = facesort(*args, cwd=tmp_path)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert done.returncode in (1, 2) if code == 1 else done.returncode == code


def test_version() -> None:
    import facesort as package

    assert facesort("--version").stdout == f"facesort {package.__version__}\n"


def test_sample_then_sort(tmp_path: Path) -> None:
    made = facesort("sample", cwd=tmp_path)
    assert made.stdout.endswith("next: facesort sort --src sample_album\n")
    done = facesort("sort", "--src", "sample_album", cwd=tmp_path, FACESORT_CACHE="")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "sorted" / "faces" / "masked_sunglasses").iterdir())) >= 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("nothing to rename in a.py", "nothing to rename in a.py"),
        ("next: python tools/sort_photos.py --src a", "next: facesort sort --src a"),
        ("then run learn_corrections.py.", "then run facesort correct."),
        ("go on with: python 'facesort sort' --src a", "go on with: facesort sort --src a"),
        ("export with tools/yolo_to_onnx.py", "export with facesort export"),
        ("tests/benchmarks/teacher.py plays", "tests/benchmarks/teacher.py plays"),
    ],
)
def test_messages_name_commands(text: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert as_typed(text) == text, "run as a script, nothing changes"
    monkeypatch.setattr(commands, "_is_typed", True)
    assert as_typed(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("facesort ", {"sort", "correct", "train", "doctor"}),
        ("facesort tra", {"train", "train-classifier", "train-encoder", "train-points"}),
        ("facesort sort --qual", {"--quality"}),
        ("facesort sort --quality ", {"fast", "balanced", "best"}),
        ("facesort doctor --j", {"--json"}),
    ],
)
def test_completion(line: str, expected: set[str], tmp_path: Path) -> None:
    """As argcomplete's shell code asks: by environment variables, answered in a file."""
    pytest.importorskip("argcomplete")
    answer = tmp_path / "answer"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    done = facesort(cwd=tmp_path, **asked)
    assert answer.is_file(), done.stderr
    found = {word.strip() for word in answer.read_text().split("\n")}
    assert expected <= found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_code_names_the_command(shell: str) -> None:
    pytest.importorskip("argcomplete")
    done = facesort("completion", shell)
    assert done.returncode == 0 and "facesort" in done.stdout
