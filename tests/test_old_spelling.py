"""Old names of options: still understood, on the command line and in journals."""

import pytest

from facesort import console
from facesort.old_spelling import accept_old, renamed_options


def parser() -> console.Parser:
    made = console.parser("")
    made.add_argument("--class-threshold", type=console.fraction)
    made.add_argument("--primary-faces", action="store_true")
    accept_old(made, "--sure")
    accept_old(made, "--main-only")
    return made


@pytest.mark.parametrize(
    ("argv", "threshold", "primary", "said"),
    [
        ([], None, False, ""),
        (["--class-threshold", "0.5", "--primary-faces"], 0.5, True, ""),
        (["--sure", "0.5"], 0.5, False, "--sure is now --class-threshold;"),
        (["sure=0.5"], 0.5, False, "--sure is now --class-threshold;"),
        (["--main-only"], None, True, "--main-only is now --primary-faces;"),
    ],
)
def test_both_names_are_taken(
    argv: list[str],
    threshold: float | None,
    primary: bool,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = parser().parse_args(argv)
    assert (args.class_threshold, args.primary_faces) == (threshold, primary)
    error = capsys.readouterr().err
    assert error.startswith(said) and error.count("\n") == bool(said)


def test_the_old_name_is_not_in_the_help() -> None:
    text = parser().format_help()
    assert "--class-threshold" in text and "--sure" not in text and "--main-only" not in text


def test_options_of_an_old_journal() -> None:
    old = {"sure": "0.5", "main-only": "True", "link": "hard"}
    new = {"class-threshold": "0.5", "primary-faces": "True", "link": "hard"}
    assert renamed_options({}) == {} and renamed_options(old) == new == renamed_options(new)
