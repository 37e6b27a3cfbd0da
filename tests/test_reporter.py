"""What the person sees while it runs: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import io

import pytest

from facesort import reporter
from facesort.reporter import ConsoleReporter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(err: io.StringIO) -> str:
    with ConsoleReporter(io.StringIO(), err).progress("filing", total=4, done=1) as progress:
        for failed in (False, True, False):
            progress.step(failed)
    return err.getvalue()


def test_a_terminal_gets_a_bar_with_rate_time_left_and_errors() -> None:
    bar = run(Terminal()).split("\r")[-1]
    assert bar.startswith("filing: 100%")
    assert "4/4" in bar
    assert "photo/s" in bar
    assert "errors=1" in bar


def test_a_file_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(io.StringIO()) == ""
    monkeypatch.setattr(reporter, "SECONDS_PER_LINE", 0.0)
    assert run(io.StringIO()).splitlines()[-1] == "filing: 4 of 4, 1 errors"


def test_a_line_stays_one_line_in_any_encoding() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    ConsoleReporter(out, io.StringIO()).say("ä\n\udcff.jpg")
    assert out.buffer.getvalue() == b"\\xe4\\n\\udcff.jpg\n"  # type: ignore[attr-defined]
