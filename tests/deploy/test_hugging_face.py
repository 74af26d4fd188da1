"""The library's pipelines give what the predictor gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import pipeline

from charbert.deploy.hugging_face import PipelineTokenizer, build_pipeline
from charbert.deploy.predict.predictor import Predictor
from charbert.errors import SettingsError
from charbert.text.words import words_of


@pytest.mark.parametrize("chars", [True, False])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_classification_pipeline_equals_the_predictor(
    save_model, sentences: tuple[str, ...], chars: bool, batch_size: int
) -> None:
    folder = save_model("sequence_classification", chars=chars, max_length=64)
    predictions = build_pipeline(folder, device="cpu", batch_size=batch_size)(list(sentences), top_k=None)
    for output, rows in zip(Predictor.load(folder).predict(sentences), predictions, strict=True):
        assert rows[0]["label"] == output.label
        assert {row["label"]: row["score"] for row in rows} == pytest.approx(output.probabilities, abs=1e-5)


def test_a_pair_goes_through_the_pipeline(classifier: Path) -> None:
    pair = {"text": "Seven ships", "text_pair": "before breakfast"}
    (output,) = Predictor.load(classifier).predict([pair])
    prediction = build_pipeline(classifier, device="cpu")(pair)
    assert (prediction["label"], prediction["score"]) == (output.label, pytest.approx(output.probability, abs=1e-5))


@pytest.mark.parametrize("chars", [True, False])
def test_a_tagging_pipeline_equals_the_predictor(save_model, sentences: tuple[str, ...], chars: bool) -> None:
    folder = save_model("token_classification", chars=chars, max_length=64)
    texts = [" ".join(words_of(sentence)) for sentence in sentences]
    words = [text.split() for text in texts]
    tagging = build_pipeline(folder, device="cpu", aggregation_strategy="first")
    total = 0
    for row, output in zip(words, Predictor.load(folder).predict(texts), strict=True):
        if not all(len(word) == 1 or word.isalnum() for word in row):
            continue  # the pipeline has its own words where the tokenizer splits one at its punctuation
        (entities,) = tagging([row], is_split_into_words=True)
        spans = [(entity["entity_group"], entity["start"], entity["end"]) for entity in entities]
        assert spans == [(span.type, span.start, span.end) for span in output.spans]
        assert [entity["score"] for entity in entities] == pytest.approx(
            [span.score for span in output.spans], abs=1e-5
        )
        total += len(spans)
    assert total > 5


def test_the_library_builds_the_pipeline_itself_when_handed_the_processor(tagger: Path) -> None:
    tokenizer = PipelineTokenizer.from_pretrained(tagger)
    tagging = pipeline("token-classification", model=str(tagger), tokenizer=tokenizer, device="cpu")
    assert {row["entity"] for row in tagging("The old lighthouse keeper counted seven ships")} - {"O"}


def test_there_is_no_pipeline_for_questions(reader: Path) -> None:
    with pytest.raises(SettingsError, match="no pipeline for question_answering"):
        build_pipeline(reader)
