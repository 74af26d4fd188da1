"""Scores at rising strengths of an attack: nested sets, areas, and what the strengths are of."""

import csv
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from charbert.config.data.noise import AttackSettings, NoiseFamily, Place
from charbert.config.robustness import CurveSettings
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.noise.attack import attack_sentences
from charbert.pipelines.analyses.robustness import catalog
from charbert.pipelines.analyses.robustness.curves import area, curve_sets
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.train import finetune
from charbert.runs.analysis_keys import NOISE_CURVES, finetuned_run
from charbert.runs.run import finetuning_run

Benchmarks = Callable[..., Settings]
WORDS = [
    "Nobody",
    "remembered",
    "whether",
    "the",
    "lighthouse",
    "keeper",
    "counted",
    "seven",
    "ships",
    "before",
    "breakfast",
]
PLAIN = {"place": Place.any, "min_word_length": 1}


@pytest.mark.parametrize(
    "attack",
    [
        AttackSettings(),
        AttackSettings(edits_per_word=2),
        AttackSettings(family=NoiseFamily.homoglyph, **PLAIN),
        AttackSettings(family=NoiseFamily.leet, **PLAIN),
        AttackSettings(family=NoiseFamily.ocr, min_word_length=1),
        AttackSettings(family=NoiseFamily.case, min_word_length=1),
    ],
    ids=["charbert", "two edits", "homoglyph", "leet", "ocr", "case"],
)
def test_a_word_attacked_at_a_share_is_attacked_alike_at_every_larger_one(attack: AttackSettings) -> None:
    settings = Settings(curves=CurveSettings(attack=attack))
    curves, attacks = curve_sets(settings)
    assert [share for share, _ in curves["words"]] == settings.curves.shares
    clean = WORDS * 20
    sets = {"clean": clean}
    for name, chosen in attacks.items():
        sets[name] = attack_sentences([clean], build_attack(chosen), chosen.seed)[0].words
    names = [name for _, name in curves["words"]]
    for smaller, larger in pairwise(names):
        changed = [place for place, word in enumerate(clean) if sets[smaller][place] != word]
        assert all(sets[larger][place] == sets[smaller][place] for place in changed)
        assert sum(map(str.__ne__, sets[larger], clean)) > len(changed)


def test_a_curve_of_edits_is_drawn_of_attacks_that_count_them() -> None:
    assert curve_sets(Settings())[0]["edits"] == [(0, "clean"), (1, "words_100"), (2, "edits_2"), (3, "edits_3")]
    upper = CurveSettings(attack=AttackSettings(family=NoiseFamily.case, min_word_length=1))
    assert curve_sets(Settings(curves=upper))[0].keys() == {"words"}
    assert curve_sets(Settings(curves=CurveSettings(edits=[])))[0].keys() == {"words"}


def test_the_area_is_the_mean_height() -> None:
    assert area([(0, 0.8), (1, 0.8)]) == pytest.approx(0.8)
    assert area([(0, 0.8), (1, 0.4), (3, 0.2)]) == pytest.approx((0.6 + 2 * 0.3) / 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shares": [0.5]}, r"curves\.shares must be at least 2 rising numbers in \[0, 1\], got \[0\.5\]"),
        ({"shares": [0.5, 0.5]}, r"curves\.shares must be"),
        ({"shares": [0.5, 1.5]}, r"curves\.shares must be"),
        ({"edits": [0, 1]}, r"curves\.edits must be rising numbers in \[1, 100\], got \[0, 1\]"),
        ({"edits": [2, 1]}, r"curves\.edits must be"),
    ],
)
def test_strengths_that_make_no_curve_are_refused(values: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        CurveSettings(**values)


def test_a_model_has_its_scores_and_areas_and_is_not_trained_for_another_attack(entities: Benchmarks) -> None:
    settings = entities("curves.shares=[0.0,0.5,1.0]", "curves.edits=[1,2]")
    (record,) = catalog.NOISE_CURVES.run(settings)
    trained = finetune.run(settings).metrics
    scores = [trained["eval/ner/f1"], record.metrics["attack/ner/words_50/f1"], trained["attack/ner/charbert/f1"]]
    assert record.metrics["attack/ner/words_100/f1"] == pytest.approx(scores[2])
    assert record.metrics["curve/ner/words"] == pytest.approx((scores[0] + 2 * scores[1] + scores[2]) / 4)
    shares = [record.metrics[f"attack/ner/{name}/changed_words"] for name in ("words_50", "words_100", "edits_2")]
    assert 0 < shares[0] < shares[1] and shares[2] > 0
    table = Path(settings.paths.results) / "tables" / "noise_curves_ner.csv"
    with table.open(newline="", encoding="utf-8") as stream:
        columns = [row["column"].removeprefix("NER F1 ") for row in csv.DictReader(stream)]
    assert columns == ["original", "50 %", "100 %", "area, words", "2 edits", "area, edits"]
    assert (table.parents[1] / "figures" / "noise_curves_ner.png").stat().st_size > 5_000
    upper = entities("+attack@curves.attack=upper")
    assert finetuned_run(upper, NOISE_CURVES).key != finetuned_run(settings, NOISE_CURVES).key
    assert finetuning_run(upper).key == finetuning_run(settings).key
