from pathlib import Path
from typing import Any

from charbert.reporting.render.preparation_page import preparation_figure, render_report

STEP = {"step": "duplicates", "rows_in": 9, "rows_out": 7, "dropped": {"duplicate": 2}, "changed": {}, "added": 0}
REPORT: dict[str, Any] = {
    "preparation": "clean",
    "task": "sst2",
    "seed": 4,
    "sets": {
        "train": {
            "examples": {"before": 9, "after": 7},
            "dropped": 2,
            "added": 0,
            "changed": 0,
            "classes": {"before": {"a|b": 5, "c": 4}, "after": {"a|b": 3, "c": 4}},
            "words": {"before": {"3": 9}, "after": {"3": 7}},
            "steps": [{**STEP, "findings": 1, "shown": {"duplicate": ["f:3: of f:1"]}, "notes": {"kept": 1}}],
        }
    },
    "files": {"train.tsv": "0123"},
}


def test_a_report_says_what_each_step_did_and_shows_examples() -> None:
    text = render_report(REPORT)
    assert "| duplicates | 9 | 7 | 2 duplicate | – | 0 | 1 |" in text
    assert "| a\\|b | 5 | 3 |" in text
    assert "9 examples before, 7 after: 2 dropped, 0 added, 0 changed." in text
    assert "    - f:3: of f:1" in text and "- kept: 1" in text and "`train.tsv` sha256 `0123`" in text


def test_the_same_report_gives_the_same_figure(tmp_path: Path) -> None:
    first, second = (
        [path.read_bytes() for path in preparation_figure(REPORT, tmp_path / name, "sets")] for name in "ab"
    )
    assert first == second and len(first) == 2
