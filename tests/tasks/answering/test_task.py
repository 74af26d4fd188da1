import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from charbert.config.data.sets import SpanSettings
from charbert.data.readers.squad import Answer, Question
from charbert.errors import SettingsError
from charbert.metrics.significance import mean_of_counts
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import Attack
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.text.char_vocab import CharVocab

METRICS = ("exact_at_zero", "f1_at_zero", "best_exact", "best_f1")


def task(metric: str = "best_f1", no_answers: bool = True) -> QuestionAnsweringTask:
    return QuestionAnsweringTask("squad", metric, SpanSettings(no_answers=no_answers))


def question(name: str, *answers: str) -> Question:
    context = "The old ferry left the harbour at noon in heavy rain."
    gold_answers = tuple(Answer(text, context.index(text)) for text in answers)
    return Question(
        name, f"When did the ferry number {name} leave the harbour?", context, gold_answers, f"article {name}"
    )


def prediction(text: str, null_difference: float) -> SpanPrediction:
    return SpanPrediction((SpanCandidate(text, 0, len(text), 1.0),), null_difference)


EXAMPLES = [question("a", "at noon", "noon"), question("b"), question("c", "heavy rain"), question("d")]
PREDICTIONS = [
    prediction("noon", 1.0),  # right, but withheld at threshold 0
    prediction("noon", 3.0),  # rightly withheld
    prediction("rain", -2.0),  # half right
    prediction("harbour", 2.5),  # rightly withheld
]


def test_scores_at_zero_and_at_the_best_threshold_have_their_own_names() -> None:
    scores = task().score(EXAMPLES, PREDICTIONS)
    assert scores["exact_at_zero"] == 0.5
    assert scores["f1_at_zero"] == pytest.approx((0 + 1 + 2 / 3 + 1) / 4)
    assert scores["best_exact"] == 0.75
    assert scores["best_f1"] == pytest.approx((1 + 1 + 2 / 3 + 1) / 4)
    assert 1.0 <= scores["best_f1_threshold"] < 2.5
    assert scores["unanswerable_accuracy_at_zero"] == 1.0


def test_without_unanswerable_questions_the_best_answer_is_scored() -> None:
    scores = task("f1", no_answers=False).score(EXAMPLES[::2], PREDICTIONS[::2])
    assert scores == {"exact": 0.5, "f1": pytest.approx((1 + 2 / 3) / 2)}


@pytest.mark.parametrize("metric", METRICS)
def test_units_add_up_to_the_metric(metric: str) -> None:
    chosen = task(metric)
    units = chosen.units(EXAMPLES, PREDICTIONS)
    assert mean_of_counts(units.sum(axis=0)) == pytest.approx(chosen.score(EXAMPLES, PREDICTIONS)[metric])


def test_exact_match_and_f1_are_tested_each_at_its_own_threshold() -> None:
    chosen = task("best_f1")
    assert chosen.tested_metrics == ("best_f1", "best_exact")
    units = chosen.units(EXAMPLES, PREDICTIONS, "best_exact")
    assert mean_of_counts(units.sum(axis=0)) == chosen.score(EXAMPLES, PREDICTIONS)["best_exact"]
    assert set(units[:, 0]) <= {0.0, 1.0}


def test_a_metric_that_the_task_does_not_score_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"task\.metric must be one of exact, f1 with .*got 'best_f1'"):
        task("best_f1", no_answers=False)
    with pytest.raises(SettingsError, match="exact_at_zero"):
        task("f1")


def test_right_logits_give_right_answers(wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> None:
    spans = SpanSettings(no_answers=True, document_stride=6, max_question_length=8)
    squad = QuestionAnsweringTask("squad2", "best_f1", spans)
    processor = CharBertTokenizer(wordpiece_tokenizer, char_vocab)
    encoded = squad.encode(EXAMPLES, processor, 32)
    logits = []
    for feature in encoded.features:
        row = np.zeros((len(feature["input_ids"]), 2))
        row[feature["start_positions"], 0] = row[feature["end_positions"], 1] = 9.0
        logits.append(row)
    predictions = squad.decode(logits, encoded)
    scores = squad.score(EXAMPLES, predictions)
    assert scores["exact_at_zero"] == scores["best_f1"] == 1.0
    assert encoded.report["split_contexts"] > 0


def test_only_questions_are_attacked() -> None:
    squad = task()
    attacked, edits = squad.attack(EXAMPLES, Attack(), seed=5)
    squad.check_aligned(EXAMPLES, attacked, Path("attacked.json"))
    for question_before, question_after, records in zip(EXAMPLES, attacked, edits, strict=True):
        assert records
        assert question_after.question != question_before.question
        assert replace(question_after, question=question_before.question) == question_before


def test_an_attacked_copy_is_written_and_read_back(tmp_path: Path) -> None:
    squad = task()
    attacked, _ = squad.attack(EXAMPLES, Attack(), seed=5)
    squad.write(tmp_path / "attacked.json", attacked)
    assert squad.read(tmp_path / "attacked.json", attacked=True) == attacked


def test_questions_are_grouped_by_article() -> None:
    assert task().groups([*EXAMPLES[:2], EXAMPLES[0]]) == ["article a", "article b", "article a"]
    assert task().strata(EXAMPLES) == [True, False, True, False]


def test_a_prediction_is_described_with_its_candidates() -> None:
    described = task().describe(EXAMPLES[0], PREDICTIONS[0])
    assert described["gold"] == ["at noon", "noon"]
    assert (described["predicted"], described["null_difference"]) == ("noon", 1.0)
    assert described["candidates"] == [["noon", 1.0]]


def test_mistakes_are_sorted_by_f1_and_then_by_score_difference() -> None:
    attacked = [replace(example, question="Whne?") for example in EXAMPLES]
    rows = task("f1_at_zero").mistakes(attacked, PREDICTIONS, EXAMPLES)
    assert [(row["id"], row["predicted"]) for row in rows] == [("a", ""), ("c", "rain")]
    assert rows[0]["best_answer"] == "noon"
    assert rows[0]["gold"] == "at noon | noon"
    assert rows[0]["question"] == "Whne?"
    assert rows[0]["clean_question"].startswith("When did")


def test_decisions_are_whether_there_is_an_answer() -> None:
    gold, predicted = task("f1_at_zero").decisions(EXAMPLES, PREDICTIONS)
    assert gold == ["answer", "no answer", "answer", "no answer"]
    assert predicted == ["no answer", "no answer", "answer", "no answer"]
    assert task("f1", no_answers=False).decisions(EXAMPLES[::2], PREDICTIONS[::2]) == ([], [])


def test_a_packed_prediction_is_unpacked_unchanged() -> None:
    squad = task()
    assert [squad.unpack(json.loads(json.dumps(squad.pack(answer)))) for answer in PREDICTIONS] == PREDICTIONS
