import csv
import io
from pathlib import Path
from typing import Any

from charbert.reporting.tables.search import draw_search, render_trials, trials_csv


def trial(number: int, score: float | None, **changes: Any) -> dict[str, Any]:
    values = {"finetuning.optimizer.learning_rate": 10.0 ** -(number % 4 + 1), "strategy": "full"}
    plain = {"trial": number, "state": "complete", "score": score, "values": values, "evaluations": [0.1, 0.2]}
    return {**plain, "seconds": 12.25, "error": "", "key": "0" * 12, **changes}


SCALES = {"finetuning.optimizer.learning_rate": "log", "strategy": "choice"}
TRIALS = [
    trial(0, 0.4),
    trial(1, 0.8),
    trial(2, None, state="pruned"),
    trial(3, None, state="failed", evaluations=[], error="the loss became nan"),
]


def test_the_table_has_the_best_trial_first_and_says_how_the_others_ended() -> None:
    lines = render_trials(TRIALS, "dev/ner/f1", "A search").splitlines()
    assert [line.split("|")[1].strip() for line in lines[4:]] == ["1", "0", "2", "3"]
    assert "| pruned at 0.2000 |" in lines[6] and "| failed |" in lines[7]
    assert lines[4] == "| 1 | 0.8000 | 0.01 | full | 12 |"


def test_the_csv_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(trials_csv(TRIALS))))
    assert [row["score"] for row in rows] == ["0.4", "0.8", "", ""]
    assert float(rows[0]["finetuning.optimizer.learning_rate"]) == 0.1
    assert rows[3]["error"] == "the loss became nan"


def test_the_figure_is_drawn_with_and_without_importances_and_labels_its_axes(tmp_path: Path) -> None:
    importances = {"finetuning.optimizer.learning_rate": 0.75, "strategy": 0.25}
    for name, shares in (("with", importances), ("without", {})):
        png, svg = draw_search(TRIALS, shares, tmp_path / name, metric="dev/ner/f1", title="A search", scales=SCALES)
        assert png.stat().st_size > 10_000
        text = svg.read_text()
        assert all(word in text for word in ("best so far", "learning_rate", "full", "4 trials, 1 of them ended early"))
        assert ("importance" in text) is (name == "with")


def test_a_search_whose_trials_all_were_ended_but_one_is_drawn(tmp_path: Path) -> None:
    rows = [trial(0, 0.5, values={"strategy": None}), trial(1, None, state="pruned", values={"strategy": True})]
    png, _ = draw_search(rows, {}, tmp_path, metric="dev/ner/f1", title="A search", scales=SCALES)
    assert png.is_file()
