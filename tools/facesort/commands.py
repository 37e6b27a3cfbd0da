"""The commands of ``facesort``: which script each runs, and how a command is written for the user.

A script of tools/ that no line here names is a command all the same, under its own name.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from facesort.paths import SCRIPTS


@dataclass(frozen=True)
class Command:
    """``script`` is a file of tools/ without its suffix; ``arguments`` go before the user's."""

    verb: str
    script: str
    arguments: tuple[str, ...] = ()
    about: str = ""

    @property
    def file(self) -> Path:
        return SCRIPTS / f"{self.script}.py"

    def summary(self) -> str:
        """The first sentence of the script's help, read without running it, unless ``about``
        says more."""
        if self.about:
            return self.about
        doc = ast.get_docstring(ast.parse(self.file.read_text(encoding="utf-8"))) or ""
        return doc.splitlines()[0].rstrip(".") if doc else ""


_NAMED = (
    Command("sort", "sort_photos"),
    Command(
        "people",
        "sort_photos",
        ("--by", "person"),
        "Sort a photo album by person: sort --by person",
    ),
    Command("review", "review"),
    Command("correct", "learn_corrections"),
    Command("find", "find_faces"),
    Command("selfie", "check_selfie"),
    Command("sample", "make_sample_album"),
    Command("label", "label_images"),
    Command("convert", "labels_to_yolo"),
    Command("convert-crops", "crops_to_yolo"),
    Command("convert-lists", "widerface_to_yolo"),
    Command("check", "check_dataset"),
    Command("balance", "balance_dataset"),
    Command("synthesize", "synthesize_occlusion"),
    Command("recombine", "recombine_faces"),
    Command("build", "build_dataset"),
    Command("train", "train_yolo"),
    Command("train-classifier", "train_classifier"),
    Command("train-encoder", "train_embedder"),
    Command("train-points", "train_points"),
    Command("calibrate", "calibrate_yolo"),
    Command("evaluate", "evaluate_yolo"),
    Command("compare", "compare_detectors"),
    Command("export", "yolo_to_onnx"),
    Command("benchmark", "benchmark_models"),
    Command("runs", "list_runs"),
)


def all_commands() -> dict[str, Command]:
    """The commands whose scripts are there, by verb."""
    named = [command for command in _NAMED if command.file.is_file()]
    known = {command.script for command in named}
    others = sorted(file.stem for file in SCRIPTS.glob("*.py") if file.stem not in known)
    unnamed = [Command(stem.replace("_", "-"), stem) for stem in others]
    return {command.verb: command for command in (*named, *unnamed)}


def command_line(script: str) -> list[str]:
    """How another process runs a script of tools/: from a checkout, installed, or frozen into a
    program, which has no ``python`` beside it."""
    command = next(c for c in all_commands().values() if c.script == script and not c.arguments)
    if getattr(sys, "frozen", False):
        return [sys.executable, command.verb]
    return [sys.executable, str(command.file)]


_script_mention = re.compile(r"(?:python )?(?:tools/)?\b(\w+)\.py\b")
_joined_mention = re.compile(r"python '(facesort [\w-]+)'")
_is_typed = False  # True in a process of the facesort command
_script = ""  # the script that it runs


def run_as_command(script: str = "") -> None:
    """From now on this process names commands (``facesort sort``), not scripts of tools/."""
    global _is_typed, _script
    _is_typed, _script = True, script


def running_script() -> str:
    """The script that this process runs, as `Command.script` names it."""
    return _script or Path(sys.argv[0]).stem


def as_typed(text: str) -> str:
    """``text`` with each script of tools/ named as the user would type it."""
    if not _is_typed:
        return text
    verbs = {command.script: command.verb for command in _NAMED if not command.arguments}

    def typed(match: re.Match[str]) -> str:
        script = match[1]
        if script not in verbs and not (SCRIPTS / f"{script}.py").is_file():
            return match[0]
        return f"facesort {verbs.get(script, script.replace('_', '-'))}"

    return _joined_mention.sub(r"\1", _script_mention.sub(typed, text))
