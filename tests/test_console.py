"""Arguments as the yolo command takes them, errors in one line, exit codes."""

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from facesort import console
from facesort.errors import UsageError

TOOLS = Path(__file__).resolve().parents[1] / "tools"


@pytest.fixture
def parser() -> console.Parser:
    parser = console.parser("Do it.")
    parser.add_argument("--src")
    parser.add_argument("--dry-run", action="store_true")
    return parser


@pytest.mark.parametrize(
    ("argv", "src", "dry_run"),
    [
        ([], None, False),
        (["--src", "a"], "a", False),
        (["src=a"], "a", False),
        (["src=a=b"], "a=b", False),
        (["src=-a", "dry_run=True"], "-a", True),
        (["dry-run=false", "--src=x"], "x", False),
        (["--src", "src=b"], "src=b", False),  # a value stays itself
        (["--dry-run", "src=b"], "b", True),  # a flag has no value
    ],
)
def test_key_value(parser: console.Parser, argv: list[str], src: str | None, dry_run: bool) -> None:
    args = parser.parse_args(argv)
    assert (args.src, args.dry_run) == (src, dry_run)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--scr", "a"], "--scr: no such option; did you mean --src"),
        (["scr=a"], "scr=a: no such option; did you mean --src"),
        (["zzz"], "zzz: no such option; see --help"),
        (["--src"], "expected one argument"),
        (["dry_run=maybe"], "expected dry_run=true or dry_run=false"),
    ],
)
def test_what_cannot_be_meant(parser: console.Parser, argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parser.parse_args(argv)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (console.path, "", "is empty; expected a path"),
        (console.path, "~/x", Path.home() / "x"),
        (console.path, "a b", Path("a b")),
        (console.fraction, "0.5", 0.5),
        (console.fraction, "1.5", "expected a number from 0 to 1"),
        (console.fraction, "nan", "expected a number from 0 to 1"),
        (console.length_px, "-3", "expected pixels, 0 or more"),
        (console.network_px, "640", 640),
        (console.network_px, "-32", "expected 32 to 4096 pixels"),
        (console.network_px, "100", "expected a multiple of 32"),
    ],
)
def test_kinds_of_values(
    parser: console.Parser, kind: Callable[[str], object], text: str, expected: object
) -> None:
    parser.add_argument("--value", type=kind)
    if isinstance(expected, str):
        with pytest.raises(UsageError, match=expected):
            parser.parse_args([f"--value={text}"])
    else:
        assert parser.parse_args([f"--value={text}"]).value == expected


@pytest.mark.parametrize(
    ("raised", "code", "printed"),
    [
        ("None", 0, ""),
        ("FacesortError('a\\nb')", 1, "error: a\\nb\n"),
        ("UsageError('x')", 2, "error: x\n"),
        ("OSError(28, 'No space left', 'a.jpg')", 1, "error: a.jpg: No space left\n"),
        ("KeyboardInterrupt()", 130, "stopped by Ctrl-C\n"),
    ],
)
def test_errors_become_exit_codes(raised: str, code: int, printed: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(TOOLS)!r})\n"
        "from facesort import console\n"
        "from facesort.errors import FacesortError, UsageError\n"
        "def main(argv):\n"
        f"    error = {raised}\n"
        "    if error: raise error\n"
        "console.run(main)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (code, printed)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("n\n", "n"), (" No \n", "n"), ("\n", ""), ("x\n", ""), ("", ""), ("ns\n", "n")],
)
def test_a_question_takes_one_of_its_letters(
    typed: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert console.ask("is it no face\n(n)?", "ns") == answer
    assert capsys.readouterr().out == "is it no face\\n(n)? "


@pytest.mark.parametrize(
    ("argv", "pairs", "others"),
    [
        ([], [], ("out", "all")),
        (["--map", "bare=face", "split=masked"], ["bare=face", "split=masked"], ("out", "all")),
        (["--map", "out=masked"], ["out=masked"], ("out", "all")),
        (["--map", "a=face", "out=face", "--split", "val"], ["a=face", "out=face"], ("out", "val")),
        (["out=x", "--map", "split=face", "--out=y"], ["split=face"], ("y", "all")),
        (["--map", "a=face", "--split", "val", "out=x"], ["a=face"], ("x", "val")),
        (["--map", "a=face", "--split", "out=x"], ["a=face"], ("out", "out=x")),
        (["map=a=face", "split=val"], ["a=face"], ("out", "val")),  # as the yolo command has it
        (["--map=a=face", "split=val"], ["a=face"], ("out", "val")),
    ],
)
def test_pairs_after_map_are_never_taken_for_options(
    argv: list[str], pairs: list[str], others: tuple[str, str]
) -> None:
    parser = console.parser("job")
    parser.add_argument("--map", nargs="+", default=[], metavar="A=B")
    parser.add_argument("--split", default="all")
    parser.add_argument("--out", default="out")
    args = parser.parse_args(argv)
    assert args.map == pairs
    assert (args.out, args.split) == others


@pytest.mark.parametrize("text", ["0", "-1", "nan", "4000"])
def test_a_time_to_wait_has_bounds(text: str) -> None:
    assert console.seconds("0.5") == 0.5
    with pytest.raises(argparse.ArgumentTypeError):
        console.seconds(text)


@pytest.mark.parametrize(
    ("argv", "value", "is_shown"),
    [([], None, False), ([], "0", False), ([], "1", True), (["--debug"], None, True)],
)
def test_debug_shows_the_hidden_cause(argv: list[str], value: str | None, is_shown: bool) -> None:
    code = (
        "from facesort import console\n"
        "from facesort.errors import LabelError\n"
        "def main(argv):\n"
        "    assert '--debug' not in argv\n"
        "    try:\n"
        "        int('seven')\n"
        "    except ValueError:\n"
        "        raise LabelError('a.txt: not a number') from None\n"
        "console.run(main)\n"
    )
    env = {k: v for k, v in os.environ.items() if k != "FACESORT_DEBUG"}
    env |= {} if value is None else {"FACESORT_DEBUG": value}
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], cwd=TOOLS, env=env, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert ("invalid literal for int" in done.stderr) == is_shown
    assert done.stderr.splitlines()[-1] == "error: a.txt: not a number"
