import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.config.data.preparation import Finding, SuspiciousSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.errors import DataError, SettingsError
from charbert.preparation.out_of_fold import read_probabilities
from charbert.preparation.steps import Prepared
from charbert.preparation.suspicious import FindSuspicious
from charbert.tasks.tagging.adapter import TaggedAdapter

Apply = Callable[..., Prepared]
GOOD, BAD = ("superb", "lovely", "warm", "brilliant"), ("dull", "awful", "boring", "tedious")
FLIPPED = {7, 42, 88}


def reviews() -> list[LabeledText]:
    draw = random.Random(1)
    rows = []
    for number in range(120):
        good = number % 2 == 0
        words = draw.choices(GOOD if good else BAD, k=3)
        label = "positive" if good is (number not in FLIPPED) else "negative"
        rows.append(LabeledText(f"a {words[0]} film , {words[1]} and {words[2]}", None, label))
    return rows


def test_flipped_labels_are_found(apply: Apply) -> None:
    prepared = apply(FindSuspicious(SuspiciousSettings(), seed=0), reviews())
    assert {finding["index"] for finding in prepared.findings} == FLIPPED
    assert len(prepared.rows) == 120
    for finding in prepared.findings:
        assert finding["label"] != finding["suggested"] and finding["confidence"] < 0.5
    notes = prepared.reports[0].notes
    assert notes["suspicious examples"] == 3 and notes["accuracy of that model"] == pytest.approx(117 / 120)


def test_suspicious_labels_can_be_dropped_or_refused(apply: Apply) -> None:
    dropped = apply(FindSuspicious(SuspiciousSettings(action=Finding.drop, top=2), seed=0), reviews())
    assert len(dropped.rows) == 118 and {example.index for example in dropped.dropped} < FLIPPED
    assert "rather" in dropped.dropped[0].detail
    with pytest.raises(DataError, match="and 2 more such"):
        apply(FindSuspicious(SuspiciousSettings(action=Finding.refuse), seed=0), reviews())


def test_a_wrong_tag_is_reported_with_its_word(apply: Apply) -> None:
    draw = random.Random(2)
    names, places = ("Ada", "Eva", "Ola", "Kim"), ("Oslo", "Lund", "Turku", "Visby")
    rows = [
        TaggedSentence(
            (draw.choice(names), "lives", "in", draw.choice(places), "now"), ("B-PER", "O", "O", "B-LOC", "O")
        )
        for _ in range(60)
    ]
    rows[33] = TaggedSentence(rows[33].words, ("B-PER", "O", "O", "B-PER", "O"))
    prepared = apply(FindSuspicious(SuspiciousSettings(), seed=0), rows, TaggedAdapter(entities=True))
    (finding,) = prepared.findings
    assert (finding["index"], finding["position"], finding["word"]) == (33, 3, rows[33].words[3])
    assert (finding["label"], finding["suggested"]) == ("B-PER", "B-LOC")


def test_probabilities_from_a_file_replace_cross_validation(apply: Apply, tmp_path: Path) -> None:
    path = tmp_path / "out_of_fold.jsonl"
    lines: list[dict[str, Any]] = []
    for number in range(120):
        likely = "positive" if number % 2 == 0 else "negative"
        full = {"probabilities": {likely: 0.9, "negative" if likely == "positive" else "positive": 0.1}}
        lines.append(full if number % 3 else {"predicted": likely, "probability": 0.9})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    step = FindSuspicious(SuspiciousSettings(), 0, read_probabilities(path))
    assert {finding["index"] for finding in apply(step, reviews()).findings} == FLIPPED
    with pytest.raises(DataError, match="a line for each example of the file, 120 or more, got 9"):
        apply(FindSuspicious(SuspiciousSettings(), 0, read_probabilities(path)[:9]), reviews())
    with pytest.raises(DataError, match=r"line 1: expected labels of .*, got 'neutral'"):
        apply(FindSuspicious(SuspiciousSettings(), 0, [{"neutral": 1.0}] * 120), reviews())


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"probabilities": {}}', '{"probabilities": {"a": 2}}', '{"predicted": "a"}']
)
def test_a_line_without_probabilities_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"probabilities": {"a": 1}}\n' + line + "\n")
    with pytest.raises(DataError, match=r"p\.jsonl:2: expected"):
        read_probabilities(path)


def test_too_few_examples_of_a_label_are_named(apply: Apply) -> None:
    rows = [*reviews(), LabeledText("neither here nor there", None, "neutral")]
    with pytest.raises(DataError, match="at least 5 examples of each label, one a fold, got 1 of 'neutral'"):
        apply(FindSuspicious(SuspiciousSettings(), 0), rows)
    with pytest.raises(SettingsError, match="two labels or more"):
        apply(FindSuspicious(SuspiciousSettings(), 0), ["a", "b"])


def test_an_uninformative_model_gives_a_warning(apply: Apply, caplog: pytest.LogCaptureFixture) -> None:
    rows = [LabeledText(f"same words {number % 3}", None, "a" if number % 7 else "b") for number in range(60)]
    apply(FindSuspicious(SuspiciousSettings(), 0), rows)
    assert "its findings mean little" in caplog.text
    caplog.clear()
    apply(FindSuspicious(SuspiciousSettings(), 0), reviews())
    assert "its findings mean little" not in caplog.text
