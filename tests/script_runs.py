"""Scripts of tools/ run without a process for each: in this one, as on the command line; and what
all of them answer to their help and to an option that they do not have.

    python tests/script_runs.py scripts|verbs
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1] / "tools"
# made impossible to import: what needs one of them for its help fails
HEAVY = ("torch", "ultralytics", "cv2", "onnxruntime", "onnx", "pandas", "PIL.Image")
HELP, UNKNOWN = "--help", "--no-such-option"


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


def run_here(
    script: Path, *arguments: object, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """As ``subprocess.run([sys.executable, script, ...])``, but for the start of Python and the
    imports: for tables of arguments. One run of each script in a process of its own stays."""
    command = [str(script), *map(str, arguments)]
    argv, before, debug = sys.argv, Path.cwd(), os.environ.get("FACESORT_DEBUG")
    os.chdir(cwd or before)
    try:
        said = _ask(command, partial(runpy.run_path, str(script), run_name="__main__"))
    finally:
        os.chdir(before)
        sys.argv = argv
    assert os.environ.get("FACESORT_DEBUG") == debug
    return subprocess.CompletedProcess(command, said.code, said.out, said.err)


@cache
def answers(kind: str) -> dict[tuple[str, str], Answer]:
    """By name (``sort_photos`` of "scripts", ``sort`` of "verbs") and option."""
    environment = os.environ | {"COLUMNS": "80", "PYTHONPATH": str(TOOLS)}
    command = [sys.executable, __file__, kind]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return {(name, option): Answer(*said) for name, option, *said in json.loads(done.stdout)}


def _ask(argv: list[str], run: Callable[[], object]) -> Answer:
    sys.argv = argv
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        except BaseException:
            traceback.print_exc()
            code = 1
    return Answer(code, out.getvalue(), err.getvalue())


def _ask_all(kind: str) -> list[tuple[str, str, int, str, str]]:
    from facesort.commands import all_commands

    for name in HEAVY:
        sys.modules[name] = None  # type: ignore[assignment]
    asked: dict[str, tuple[list[str], Callable[[], object]]]
    if kind == "scripts":
        asked = {
            file.stem: ([str(file)], partial(runpy.run_path, str(file), run_name="__main__"))
            for file in sorted(TOOLS.glob("*.py"))
        }
    else:
        facesort = partial(runpy.run_module, "facesort", run_name="__main__")
        asked = {verb: (["facesort", verb], facesort) for verb in sorted(all_commands())}
    found = []
    for name, (argv, run) in asked.items():
        for option in (HELP, UNKNOWN):
            answer = _ask([*argv, option], run)
            found.append((name, option, answer.code, answer.out, answer.err))
    return found


if __name__ == "__main__":
    print(json.dumps(_ask_all(sys.argv[1])))
