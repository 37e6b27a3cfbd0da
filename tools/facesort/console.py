"""What every script of tools/ shares: ``key=value`` arguments, progress, errors to exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from facesort.errors import FacesortError

T = TypeVar("T")


def parser(doc: str) -> argparse.ArgumentParser:
    """An argument parser whose help is the script's docstring, as it is written: job, examples."""
    return argparse.ArgumentParser(
        description=doc.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def accept_key_value(argv: Sequence[str]) -> list[str]:
    """Turn ``key=value`` (the ``yolo`` command's habit) into ``--key value``.

    Only a leading word of letters, digits, ``_`` or ``-`` counts as a key, so a path such as
    ``a/b=c.jpg`` stays what it is. ``True`` becomes a bare flag and ``False`` leaves it out.
    """
    out: list[str] = []
    for arg in argv:
        key, sep, value = arg.partition("=")
        word = key.replace("_", "").replace("-", "")
        if not sep or arg.startswith("-") or not word.isalnum():
            out.append(arg)
        elif value.lower() == "true":
            out.append(f"--{key.replace('_', '-')}")
        elif value.lower() != "false":
            out += [f"--{key.replace('_', '-')}", value]
    return out


def run(main: Callable[[Sequence[str]], int | None], key_value: bool = True) -> None:
    """Run a script's ``main`` and end the process: 0 done, 1 a problem, 2 usage, 130 Ctrl-C.

    ``key_value`` lets ``key=value`` stand for ``--key value``.
    """
    argv = sys.argv[1:]
    try:
        code = main(accept_key_value(argv) if key_value else argv) or 0
    except FacesortError as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        code = 130
    except BrokenPipeError:  # ``| head`` closed our output: not a problem
        sys.stderr.close()
        code = 0
    sys.exit(code)


def one_line(text: str) -> str:
    """``text`` with line breaks and control characters made visible: file names may hold any."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def progress(items: Iterable[T], total: int, unit: str, initial: int = 0):  # type: ignore[no-untyped-def]
    """A progress bar (rate, time left) on standard error, silent where that is not a terminal."""
    from tqdm import tqdm

    return tqdm(items, total=total, unit=unit, initial=initial, disable=None, dynamic_ncols=True)
