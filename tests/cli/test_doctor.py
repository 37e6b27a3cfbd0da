"""facesort doctor: what it says is true of this computer, and it changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from facesort import packages, paths
from facesort.cli import doctor
from facesort.cli.doctor import Check, State, check_all


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_this_computer_can_sort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("ready: facesort sort --src FOLDER\n")
    assert list(tmp_path.iterdir()) == [], "the links that were tried are gone"


def test_json_is_the_same_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.main([str(tmp_path), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [check["name"] for check in found] == [check.name for check in check_all(tmp_path)]


def test_a_folder_to_come_is_judged_by_its_disk(tmp_path: Path) -> None:
    checks = by_name(check_all(tmp_path / "not" / "yet"))
    assert str(tmp_path.resolve()) in checks["disk"].found
    assert not (tmp_path / "not").exists()


def test_a_missing_package_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "SMALL_MODULES", frozenset({"numpy", "no_such_package"}))
    check = by_name(check_all(tmp_path))["packages"]
    assert check.state is State.missing and "no_such_package" in check.found
    assert "pip install" in check.advice
    assert doctor.main([str(tmp_path)]) == 1


def test_missing_models_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ASSETS", tmp_path)
    check = by_name(check_all(tmp_path))["models"]
    assert check.state is State.missing and "occlusion.onnx" in check.found


def test_a_disk_without_links_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(doctor.os, "link", refuse)
    monkeypatch.setattr(doctor.os, "symlink", refuse)
    check = by_name(check_all(tmp_path))["links"]
    assert check.found == "no links on this disk" and "copied" in check.advice


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10**8)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert by_name(check_all(tmp_path))["disk"].state is State.note
