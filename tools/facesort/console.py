"""What every script of tools/ shares: arguments, progress, errors to exit codes."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from facesort import packages
from facesort.commands import as_typed, running_script
from facesort.errors import FacesortError, UsageError

T = TypeVar("T")


class Parser(argparse.ArgumentParser):
    """An argument parser that also takes ``key=value``, as the ``yolo`` command does, and whose
    errors are one line (`UsageError`) with the nearest option instead of a page of usage."""

    _is_completing = False

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed, unknown = self._parse_known(args, namespace)
        if unknown:
            self.error(f"{unknown[0]}: no such option{self._nearest(unknown[0])}")
        packages.check(running_script())
        return parsed

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed = self._parse_known(args, namespace)
        packages.check(running_script())
        return parsed

    def _parse_known(self, args: Any, namespace: Any) -> Any:
        if "_ARGCOMPLETE" in os.environ and not self._is_completing:
            import argcomplete

            self._is_completing = True  # argcomplete parses by this very method
            argcomplete.autocomplete(self)  # the shell asks what could come next; ends here
        argv = sys.argv[1:] if args is None else args
        return super().parse_known_args(self._spelled_out(argv), namespace)

    def format_help(self) -> str:
        return as_typed(super().format_help())

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see --help")

    def _spelled_out(self, argv: Sequence[str]) -> list[str]:
        """``key=value`` as ``--key=value`` where there is such an option; a value stays itself.

        After an option whose values are pairs (``--map A=B C=D``), what follows are pairs too, up
        to the next argument that begins with a hyphen: a class may be called ``split``.
        """
        out: list[str] = []
        is_value = in_pairs = False
        for arg in argv:
            if in_pairs and arg.startswith("-"):
                is_value = in_pairs = False
            key, sep, value = arg.partition("=")
            option = f"--{key.replace('_', '-')}"
            action = self._option_string_actions.get(option)
            if is_value or not sep or action is None:
                out.append(arg)
            elif action.nargs != 0:
                out.append(f"{option}={value}")
            elif value.lower() == "true":
                out.append(option)
            elif value.lower() != "false":
                self.error(f"{arg}: expected {key}=true or {key}=false")
            own = None if is_value else self._option_string_actions.get(arg)
            in_pairs = in_pairs or (own is not None and _takes_pairs(own))
            is_value = in_pairs or (own is not None and own.nargs != 0)
        return out

    def _nearest(self, arg: str) -> str:
        option = f"--{arg.lstrip('-').partition('=')[0]}"
        near = difflib.get_close_matches(option, self._option_string_actions, n=1)
        return f"; did you mean {near[0]}?" if near else ""


def _takes_pairs(action: argparse.Action) -> bool:
    return action.nargs in ("+", "*") and "=" in str(action.metavar)


def path(text: str) -> Path:
    """An option's type: a path, ``~`` meant as the home folder (no shell expands ``--dst=~/x``)."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; expected a path")
    return Path(text).expanduser()


def fraction(text: str) -> float:
    """An option's type: a number from 0 to 1."""
    return _bounded(float(text), text, 0, 1, "a number from 0 to 1")


def length_px(text: str) -> float:
    """An option's type: pixels, 0 or more."""
    return _bounded(float(text), text, 0, 1e6, "pixels, 0 or more")


def seconds(text: str) -> float:
    """An option's type: a time to wait."""
    return _bounded(float(text), text, 0.1, 3600, "0.1 to 3600 seconds")


def network_px(text: str) -> int:
    """An option's type: a size a YOLO network can take."""
    size = int(_bounded(int(text), text, 32, 4096, "32 to 4096 pixels"))
    if size % 32:
        raise argparse.ArgumentTypeError(f"{text}: expected a multiple of 32")
    return size


def _bounded(value: float, text: str, low: float, high: float, expected: str) -> float:
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text}: expected {expected}")
    return value


def parser(doc: str | None) -> Parser:
    """A parser whose help is the script's docstring, as it is written: job, examples, remarks."""
    return Parser(
        description=(doc or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def run(main: Callable[[Sequence[str]], int | None]) -> NoReturn:
    """Run a script's ``main`` and end the process: 0 done, 1 a problem, 2 usage, 130 Ctrl-C.

    With ``--debug`` or ``FACESORT_DEBUG=1``, an error's whole chain of causes is shown too.
    """
    if "--debug" in sys.argv[1:]:
        sys.argv.remove("--debug")
        os.environ["FACESORT_DEBUG"] = "1"
    try:
        code = main(sys.argv[1:]) or 0
    except FacesortError as error:
        code = _fail(error)
    except ModuleNotFoundError as error:
        missing = packages.explain(error)
        if missing is None:
            raise
        code = _fail(missing)
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # ``| head`` closed our output: not a problem
        sys.stderr.close()
        code = 0
    except OSError as error:
        _show_causes(error)
        what = f"{error.filename}: " if error.filename else ""
        print(f"error: {one_line(f'{what}{error.strerror or error}')}", file=sys.stderr)
        code = 1
    sys.exit(code)


def _show_causes(error: BaseException) -> None:
    """The traceback, also of causes that ``raise ... from None`` hides, if that is asked for."""
    if os.environ.get("FACESORT_DEBUG", "0") in ("", "0"):
        return
    import traceback

    one: BaseException | None = error
    while one is not None:
        one.__suppress_context__ = one.__cause__ is not None
        one = one.__cause__ or one.__context__
    traceback.print_exception(error)


def _fail(error: FacesortError) -> int:
    _show_causes(error)
    print(f"error: {as_typed(one_line(str(error)))}", file=sys.stderr)
    return error.exit_code


def one_line(text: str) -> str:
    """``text`` with line breaks and control characters made visible: file names may hold any."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def ask(question: str, keys: str) -> str:
    """The letter of ``keys`` that the person types; "" for none of them."""
    try:
        answer = input(f"{one_line(question)} ").strip().lower()[:1]
    except EOFError:
        return ""
    return answer if answer in keys else ""


def progress(items: Iterable[T], total: int, unit: str) -> Any:
    """``items`` behind a progress bar on standard error, silent where that is not a terminal."""
    from tqdm import tqdm

    return tqdm(items, total=total, unit=unit, disable=None, dynamic_ncols=True)
