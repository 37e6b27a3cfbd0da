"""Options with a new name: the old one still works, on the command line and in old journals."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

RENAMED = {"--sure": "--class-threshold", "--main-only": "--primary-faces"}
_IN_JOURNALS = {old[2:]: new[2:] for old, new in RENAMED.items()}


class _OldSpelling(argparse.Action):
    """Says the new name once on standard error, then does what the new option does."""

    def __init__(self, *args: Any, new: argparse.Action, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.new = new

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        print(
            f"{option_string} is now {self.new.option_strings[0]}; the old name still works",
            file=sys.stderr,
        )
        self.new(parser, namespace, values, option_string)


def accept_old(parser: argparse.ArgumentParser, old: str) -> None:
    """Let ``parser``, which has the new option already, take its ``old`` name too."""
    new = parser._option_string_actions[RENAMED[old]]
    parser.add_argument(
        old,
        action=_OldSpelling,
        new=new,
        dest=new.dest,
        nargs=new.nargs,
        type=new.type,  # type: ignore[arg-type]
        default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )


def renamed_options(options: Mapping[str, str]) -> dict[str, str]:
    """Options as a journal has them, by their present names."""
    return {_IN_JOURNALS.get(name, name): value for name, value in options.items()}
