from pathlib import Path

import numpy as np

from charbert.metrics.calibration import reliability_bins
from charbert.reporting.figures.reliability import reliability_plot

PROBABILITIES = np.array([[0.9, 0.1], [0.3, 0.7], [0.45, 0.55]])
BINS = reliability_bins([0, 1, 0], PROBABILITIES, bins=10)


def test_the_panel_of_each_eval_set_has_a_heading_and_a_note(tmp_path: Path) -> None:
    paths = reliability_plot(
        {"clean": BINS, "charbert": BINS},
        tmp_path,
        "reliability",
        scaled={"clean": BINS},
        notes={"clean": "ECE 30.0"},
        caption="BERT on qnli",
    )
    assert [path.name for path in paths] == ["reliability.png", "reliability.svg"]
    text = paths[1].read_text()
    for shown in ("original", "attacked: charbert", "ECE 30.0", "BERT on qnli", "at the fitted temperature"):
        assert shown in text, shown


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (
        reliability_plot({"clean": BINS}, tmp_path / name, "plot", scaled={}, notes={}, caption="")
        for name in ("one", "other")
    )
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
