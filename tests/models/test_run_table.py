"""The table of runs: ours and Ultralytics', finished, stopped and broken ones."""

import csv
import io
from pathlib import Path
from typing import Any

import list_runs
import pytest
import yaml

from facesort.errors import ModelError
from facesort.models.training.run_card import write_card
from facesort.models.training.run_table import read_runs, table

HEAD = "epoch,time,metrics/mAP50(B),metrics/mAP50-95(B)"


def run(root: Path, name: str, rows: list[str], card: dict[str, Any] | None = None) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    arguments = {"model": "a/yolo11n.pt", "data": "b/set.yaml", "epochs": 3, "imgsz": 640}
    (folder / "args.yaml").write_text(yaml.safe_dump(arguments | {"seed": 7}))
    if rows:
        (folder / "results.csv").write_text("\n".join([HEAD, *rows]))
    if card is not None:
        write_card(folder, card)
    return folder


def test_no_runs(tmp_path: Path) -> None:
    assert read_runs(tmp_path) == ([], [])
    assert table([]).startswith("folder  status")


def test_runs_are_told_best_first(tmp_path: Path) -> None:
    run(tmp_path, "plain", ["1,30,.5,.4", "2,60,.7,.6", "3,90,.6,.5"])
    run(tmp_path, "none", [])
    run(tmp_path, "killed", ["1,30,.5,.1"], {"status": "running", "seconds": 45})
    run(tmp_path, "resumed", ["1,9,.1,.1", "2,9,.2,.2", "2,9,.3,.3"])  # epoch 2 was cut short
    extras = {"bf16_cpu": True, "focal": 1.5, "class_weights": {"a": 0.5, "b": 2.0}}
    metrics = {"metrics/mAP50(B)": 0.95, "metrics/mAP50-95(B)": 0.9}
    card = {
        "status": "finished",
        "seconds": 600,
        "extras": extras,
        "results": {"metrics": metrics},
        "data": {"sha256": {"val": "0123456789abcdef"}},
        "start": {"model": "c/yolov7-tiny.yaml"},
    }
    run(tmp_path, "deep/ours", ["1,30,.5,.1", "2,30,.5,.2", "3,30,.5,.3"], card)
    run(tmp_path, "failed", ["1,30,.5,.05"], {"status": "failed", "reason": "no space"})

    runs, unreadable = read_runs(tmp_path)

    assert unreadable == []
    found = [(r.folder, r.status, r.epochs, r.map50, r.map50_95, r.minutes) for r in runs]
    assert found == [
        ("deep/ours", "finished", "3/3", 0.95, 0.9, 10),
        ("plain", "finished", "3/3", 0.7, 0.6, 1.5),
        ("resumed", "unfinished", "2/3", 0.3, 0.3, 0.15),
        ("killed", "unfinished", "1/3", 0.5, 0.1, 0.75),
        ("failed", "failed", "1/3", 0.5, 0.05, 0.5),
        ("none", "unfinished", "0/3", None, None, None),
    ]
    ours, plain = runs[:2]
    assert (ours.model, ours.data_hash) == ("yolov7-tiny.yaml", "01234567")
    assert ours.extras == "bf16, focal 1.5, weights 0.5/2"
    assert (plain.model, plain.data, plain.seed, plain.extras) == (
        "yolo11n.pt",
        "set.yaml",
        "7",
        "",
    )


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("args.yaml", "", "args.yaml holds no arguments"),
        ("args.yaml", "[", "args.yaml is no YAML"),
        ("args.yaml", "epochs: many", "many"),
        ("results.csv", f"{HEAD}\n1,2,x,y\n", "x"),
        ("results.csv", "a,b\n1,2\n", "epoch"),
    ],
)
def test_a_broken_run_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, text: str, reason: str
) -> None:
    run(tmp_path, "good", ["1,30,.5,.4"])
    (run(tmp_path, "bad", ["1,30,.5,.4"]) / file).write_text(text)
    runs, (line,) = read_runs(tmp_path)
    assert [r.folder for r in runs] == ["good"]
    assert "bad: " in line and reason in line

    assert list_runs.main([str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "left out: " in told.err and "good" in told.out


def test_the_script_prints_a_table_or_csv(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "plain", ["1,30,.5,.4", "2,60,.7,.6", "3,90,.6,.5"])
    assert list_runs.main([str(tmp_path)]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == (
        "folder status model data val data epochs imgsz seed extras min mAP50 mAP50-95".split()
    )
    expected = "plain finished yolo11n.pt set.yaml - 3/3 640 7 - 1.5 0.7000 0.6000"
    assert line.split() == expected.split()

    assert list_runs.main([str(tmp_path), "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["folder"], row["map50"], row["epochs"]) == ("plain", "0.7", "3/3")

    with pytest.raises(ModelError, match=r"empty: no run with an args\.yaml"):
        list_runs.main([str(tmp_path / "empty")])
