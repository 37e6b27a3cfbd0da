"""Reads the verb and runs what it names; imports nothing heavy until then."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from facesort import commands, console, paths
from facesort.cli import completion, doctor, launcher
from facesort.errors import UsageError

START_PAGE = "review"  # without an album, it asks for one
OWN: dict[str, tuple[Callable[[Sequence[str]], int | None], str]] = {
    "doctor": (doctor.main, "Check this computer: versions, processor, disk, camera, browser"),
    "install-launcher": (launcher.main, "Put an icon for the start page into the menu"),
    "completion": (completion.main, "Print what makes your shell complete facesort commands"),
}
GROUPS = {
    "albums": "sort people review correct find selfie sample",
    "data sets": "label convert convert-crops convert-lists check balance synthesize "
    "recombine build",
    "models": "train train-classifier train-encoder train-points train-resident calibrate evaluate "
    "compare export benchmark runs",
    "this computer": "doctor install-launcher completion",
}


def main() -> NoReturn:
    """The console script. Without a verb it opens the start page in the browser."""
    commands.run_as_command()
    verb, arguments = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    known = commands.all_commands()
    verb = completion.answer((*known, *OWN)) or verb  # the shell asks without arguments
    if verb in OWN:
        _run_own(verb, OWN[verb][0], arguments)
    if (verb or START_PAGE) in known:
        run_script(known[verb or START_PAGE], arguments)
    console.run(lambda argv: _without_verb(verb))


def run_script(command: commands.Command, arguments: Sequence[str]) -> NoReturn:
    """Run a script of tools/ as ``python`` would, but with the command's name in its messages."""
    _keep_cache_at_home()
    commands.run_as_command(command.script)
    sys.argv = [f"facesort {command.verb}", *command.arguments, *arguments]
    module = ModuleType("__main__")
    module.__file__ = str(command.file)
    module.__dict__["print"] = _print
    sys.modules["__main__"] = module  # what pickle and multiprocessing look for

    def run(argv: Sequence[str]) -> int:
        source = command.file.read_text(encoding="utf-8")
        exec(compile(source, str(command.file), "exec"), module.__dict__)
        return 0

    console.run(run)


def _run_own(
    verb: str, run: Callable[[Sequence[str]], int | None], argv: Sequence[str]
) -> NoReturn:
    sys.argv = [f"facesort {verb}", *argv]
    console.run(run)


def _without_verb(verb: str) -> int:
    if verb in ("-h", "--help", "help"):
        print(help_text())
        return 0
    if verb == "--version":
        import facesort

        print(f"facesort {facesort.__version__}")
        return 0
    if not verb:
        raise UsageError("this version has no start page; facesort --help lists the commands")
    raise UsageError(f"{verb}: no such command{_nearest(verb)}; facesort --help lists them all")


def help_text() -> str:
    """All commands with a line each."""
    summaries = _summaries()
    lines = [
        "facesort COMMAND [OPTIONS]     facesort COMMAND --help says more",
        "",
        "  facesort                                   the start page, in your browser",
        "  facesort sort --src ~/Pictures/summer      an album into folders, into sorted/",
        "  facesort review sorted                     correct it in your browser",
    ]
    listed = {verb for verbs in GROUPS.values() for verb in verbs.split()}
    others = " ".join(verb for verb in summaries if verb not in listed)
    for group, verbs in (GROUPS | {"more": others}).items():
        found = [verb for verb in verbs.split() if verb in summaries]
        lines += ["", f"{group}:"] if found else []
        lines += [f"  {verb:<17} {summaries[verb]}" for verb in found]
    return "\n".join(lines)


def _summaries() -> dict[str, str]:
    found = {verb: command.summary() for verb, command in commands.all_commands().items()}
    return found | {verb: summary for verb, (_, summary) in OWN.items()}


def _nearest(verb: str) -> str:
    import difflib

    near = difflib.get_close_matches(verb, _summaries(), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _keep_cache_at_home() -> None:
    """An installed package has no runs/ of its own: detections are remembered where this system
    keeps caches."""
    if paths.IS_INSTALLED and "FACESORT_CACHE" not in os.environ:
        import platformdirs

        folder = Path(platformdirs.user_cache_dir("facesort", appauthor=False))
        os.environ["FACESORT_CACHE"] = str(folder)


def _print(*values: object, **options: object) -> None:
    """``print``, with scripts named as commands."""
    shown = (commands.as_typed(value) if isinstance(value, str) else value for value in values)
    print(*shown, **options)  # type: ignore[call-overload]
