"""The script from end to end: report, exit codes, the repaired copy, the original untouched."""

import csv
import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from script_runs import run_here
from small_sets import GOOD, clean_set, image, jpeg, messy_set, write_set

TOOLS = Path(__file__).resolve().parents[2] / "tools"
SCRIPT = TOOLS / "check_dataset.py"


def run(cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *args], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns)
        for p in folder.rglob("*")
        if p.is_file()
    }


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A messy set checked and fixed: the folder of it all, and what was printed."""
    folder = tmp_path_factory.mktemp("work")
    yaml_file = messy_set(folder / "set")
    before = snapshot(folder / "set")
    done = run(folder, str(yaml_file), "--fix", "fixed")
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert snapshot(folder / "set") == before
    return folder, done.stdout


def test_the_summary_accounts_for_every_image(messy: tuple[Path, str]) -> None:
    _, printed = messy
    assert "error            2   Mislabelled: the file name says otherwise" in printed
    copied = re.search(r"25 images = (\d+) \+ (\d+) left out", printed)
    assert copied and int(copied[1]) + int(copied[2]) == 25


def test_report_json(messy: tuple[Path, str]) -> None:
    folder, _ = messy
    report = json.loads((folder / "runs" / "check" / "set" / "report.json").read_text())
    assert report["images"] == 25 and report["readable"] == 23
    assert report["mislabelled"] == 2
    assert report["errors"] == sum(f["level"] == "error" for f in report["findings"])
    assert sum(report["checks"].values()) == len(report["findings"])
    (torn,) = (f for f in report["findings"] if f["image"] == "images/train/torn.jpg")
    assert torn["check"] == "unreadable" and "ends too early" in torn["message"]
    assert {row["bit"] for row in report["bits"]} == {"mouth", "eyes"}
    assert str(folder) not in json.dumps(report)


def test_the_page_needs_nothing_else_and_escapes_names(messy: tuple[Path, str]) -> None:
    folder, _ = messy
    page = (folder / "runs" / "check" / "set" / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r'(?:src|href)="([^":#]*)', page)) <= {"data", ""}
    assert "<b>ß" not in page
    assert "http" not in page
    assert "2 of 64 bits" in page or "bits differ" in page
    assert page.count("data:image/png") == len(
        list((folder / "runs/check/set/plots").glob("*.png"))
    )
    assert html.escape("Box that leaves the image") in page


def test_the_repaired_copy_has_no_errors(messy: tuple[Path, str]) -> None:
    folder, _ = messy
    again = run_here(SCRIPT, "fixed/data.yaml", "--out", "again", cwd=folder)
    assert again.returncode == 0, again.stdout
    checks = json.loads((folder / "again" / "report.json").read_text())["checks"]
    assert not set(checks) & {"orphan", "box-twice", "leak", "outside", "malformed"}
    content = yaml.safe_load((folder / "fixed" / "data.yaml").read_text())
    assert content["train"] == "images/train" and "path" not in content
    assert content["names"][3] == "masked_sunglasses"


def test_every_change_is_listed(messy: tuple[Path, str]) -> None:
    folder, _ = messy
    with (folder / "fixed" / "changes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    left_out = {
        row["image"].rpartition("/")[2] for row in rows if row["action"].endswith("left out")
    }
    assert left_out == {
        *("0_1_0_x.jpg", "1_0_1_x.jpg", "two_classes.jpg", "torn.jpg", "text.jpg", "binary.jpg"),
        *("nothing_left.jpg", "synthetic_2.jpg", "turned.jpg", "orphan.txt", "shared.jpg"),
    }
    lines = [row["action"] for row in rows if row["image"].endswith("lines.jpg")]
    assert lines == ["line dropped"] * 4 + ["box clipped"] + ["line dropped"] * 2
    label = (folder / "fixed" / "labels" / "train" / "lines.txt").read_text()
    assert label == "0 .5 .5 .4 .4\n1 0.925000 0.500000 0.150000 0.200000\n"
    kept = {p.name for p in (folder / "fixed" / "images").rglob("*") if p.is_file()}
    assert not kept & (left_out - {"shared.jpg"})
    assert "shared again.jpg" in kept and "shared.jpg" not in kept
    assert not (folder / "fixed" / "labels" / "train" / "unlabelled.txt").exists()


def test_a_clean_set_is_no_error_and_reports_are_never_overwritten(tmp_path: Path) -> None:
    yaml_file = clean_set(tmp_path)
    for _ in range(2):
        assert run_here(SCRIPT, str(yaml_file), cwd=tmp_path).returncode == 0
    assert sorted(p.name for p in (tmp_path / "runs" / "check").iterdir()) == ["set", "set-2"]


def test_other_classes_and_one_split_only(tmp_path: Path) -> None:
    files = {"train/1_0_1.jpg": jpeg(image(1)), "val/b.jpg": b"torn"}
    yaml_file = write_set(tmp_path, files, {"train/1_0_1.txt": GOOD}, ("cat", "<dog>"))
    done = run_here(SCRIPT, str(yaml_file), "--split", "train", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout  # no flags in names of cats, val was not looked at
    assert json.loads((tmp_path / "out" / "report.json").read_text())["bits"] == []
    page = (tmp_path / "out" / "report.html").read_text()
    assert "&lt;dog&gt;" in page and "<dog>" not in page


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ((), 2, "DATA.yaml"),
        (("none.yaml",), 1, "none.yaml: cannot be read"),
        (("set.yaml", "--top", "0"), 2, "--top"),
        (("set.yaml", "--split", "holdout"), 1, "no split 'holdout'"),
        (("set.yaml", "--model", "none.onnx"), 1, "none.onnx: no such model"),
        (("set.yaml", "--fix", "images"), 1, "is there already"),
        (("set.yaml", "--fix", "images/train/deep"), 1, "lies inside"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, args: tuple[str, ...], code: int, message: str
) -> None:
    clean_set(tmp_path)
    done = run_here(SCRIPT, *args, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not shutil.which("chromium"), reason="no browser")
def test_a_browser_shows_the_report(messy: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = messy
    page, shot = folder / "runs" / "check" / "set" / "report.html", tmp_path / "shot.png"
    flags = "headless no-sandbox disable-gpu no-first-run disable-background-networking"
    flags += " disable-component-update disable-sync"
    subprocess.run(
        [
            *("chromium", *(f"--{flag}" for flag in flags.split())),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,900"),
            *(f"--screenshot={shot}", page.as_uri()),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    from facesort.photos import open_photo

    photo = open_photo(shot)
    assert photo.size_wh == (1200, 900)
    red_card = (abs(photo.rgb.astype(int) - [253, 236, 234]).max(axis=2) <= 2).sum()
    assert red_card > 3_000  # the number of errors is seen at once


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_odd_images_and_names(tmp_path: Path) -> None:
    files = {
        "train/one.jpg": jpeg(image(1, (1, 1))),
        "train/line.jpg": jpeg(image(2, (4000, 1))),
        'train/n\u0303 $x$ "q"\n.jpg': jpeg(image(3)),
    }
    rows = "0 .5 .5 .9 .9\n1 1e300 .5 1e300 .1\n"
    yaml_file = write_set(tmp_path, files, {k.replace("jpg", "txt"): rows for k in files})
    for folder, suffix in ((b"images", b"jpg"), (b"labels", b"txt")):
        shutil.copyfile(
            bytes(tmp_path) + b"/" + folder + b"/train/one." + suffix,
            bytes(tmp_path) + b"/" + folder + b"/train/bad\xff." + suffix,
        )
    done = run_here(SCRIPT, str(yaml_file), "--out", "out", "--fix", "fixed", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert len(list((tmp_path / "fixed" / "images" / "train").iterdir())) == 4
    assert "bad\\udcff.jpg" in (tmp_path / "out" / "report.html").read_text()
    assert run_here(SCRIPT, "fixed/data.yaml", cwd=tmp_path).returncode == 0
