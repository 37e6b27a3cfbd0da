"""Cross-validation: real trainings on two folds, gone on with and not done twice."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import train_yolo

from facesort.errors import DatasetError, UsageError
from facesort.models.training import kfold
from facesort.models.training.run_card import read_card, write_card

FOLD = {"mAP50": 0.5, "mAP50-95": 0.25, "precision": 1.0, "recall": 0.0}


def test_mean_and_deviation() -> None:
    other = {"mAP50": 0.7, "mAP50-95": 0.25, "precision": 0.0, "recall": 0.0}
    told = kfold.summary([FOLD, other])
    assert told["mean"] == pytest.approx(
        {"mAP50": 0.6, "mAP50-95": 0.25, "precision": 0.5, "recall": 0}
    )
    assert told["sd"]["mAP50"] == pytest.approx(0.2 / 2**0.5)  # of the sample: n - 1
    assert told["sd"]["mAP50-95"] == 0
    assert (
        kfold.table([FOLD, other]).splitlines()[-1].split()[:4] == "mean±sd 0.6000 ± 0.1414".split()
    )


def test_a_folder_is_claimed_by_one_command(tmp_path: Path) -> None:
    out = tmp_path / "cross"
    kfold.begin(out, "train a", "1")
    kfold.begin(out, "train a", "1")
    with pytest.raises(UsageError, match=r"other settings \(train a\); choose another name="):
        kfold.begin(out, "train b", "1")
    with pytest.raises(UsageError, match="other images"):
        kfold.begin(out, "train a", "2")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="not empty, and no cross-validation"):
        kfold.begin(tmp_path, "train a", "1")


@pytest.mark.usefixtures("one_thread")
def test_the_script_cross_validates_and_goes_on(
    tiny_set: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tiny_set.parent / "runs" / "cross"

    def run(epochs: int = 1) -> Sequence[str]:
        train_yolo.main(
            f"model={checkpoint} data={tiny_set} --kfold 2 --class-weights cw2 epochs={epochs} "
            f"imgsz=64 batch=2 device=cpu workers=0 plots=False project={out.parent} "
            "name=cross".split()
        )
        return [line for line in capsys.readouterr().out.splitlines() if line.startswith("mean±sd")]

    first = run()
    cards = [read_card(out / fold) for fold in ("fold1", "fold2")]
    assert [card["status"] for card in cards] == ["finished", "finished"]
    assert [card["data"]["images"] for card in cards] == [{"train": 3, "val": 3}] * 2
    judged = {card["data"]["sha256"]["val"] for card in cards}
    assert judged == {card["data"]["sha256"]["train"] for card in cards}
    assert all(card["extras"]["class_weights"] for card in cards)

    write_card(out / "fold1", {"status": "running"})  # as a kill leaves it before an epoch is done
    assert run() == first
    assert read_card(out / "fold1")["status"] == "finished"
    assert read_card(out / "fold2") == cards[1]
    with pytest.raises(UsageError, match="other settings"):
        run(epochs=2)


@pytest.mark.parametrize(
    ("extra", "error", "reason"),
    [
        ("--kfold 1", UsageError, "--kfold: 1: expected 2 to 100 folds"),
        ("--kfold 7", DatasetError, "6 groups of like images .* at least 7 for 7 folds"),
        ("--kfold 2 resume=true", UsageError, "--kfold goes on by itself"),
        ("--focal 0", UsageError, "--focal: 0: expected more than 0"),
        ("--focal x", UsageError, "--focal: invalid"),
        ("epochs", UsageError, "epochs: expected key=value"),
        ("--no-such-option --focal 1", UsageError, "--no-such-option: expected key=value"),
        ("--patienc 3", UsageError, "'patienc' is not a valid YOLO argument"),
    ],
)
def test_nonsense_is_refused_in_one_line(
    tiny_set: Path, checkpoint: Path, extra: str, error: type[Exception], reason: str
) -> None:
    argv = [f"model={checkpoint}", f"data={tiny_set}", f"project={tiny_set.parent}", *extra.split()]
    with pytest.raises(error, match=reason) as raised:
        train_yolo.main(argv)
    assert "\n" not in str(raised.value)
