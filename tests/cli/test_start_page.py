"""Without arguments, facesort serves its start page; and other processes can run its scripts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from facesort.commands import all_commands, command_line

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.mark.skipif("review" not in all_commands(), reason="no review page in this version")
def test_facesort_alone_opens_the_start_page(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    browser.chmod(0o755)
    env = os.environ | {"PYTHONPATH": str(TOOLS), "BROWSER": str(browser), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "facesort"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        try:
            said = ""
            while not (match := re.search(r"http://127\.0\.0\.1:\d+/", said)):
                line = process.stdout.readline()
                assert line, said
                said += line
            with urllib.request.urlopen(match[0], timeout=20) as answer:
                assert answer.status == 200 and b"<html" in answer.read().lower()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)


def test_another_process_can_run_a_script() -> None:
    done = subprocess.run(
        [*command_line("sort_photos"), "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "--src" in done.stdout


def test_a_frozen_program_runs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert command_line("sort_photos") == [sys.executable, "sort"]
